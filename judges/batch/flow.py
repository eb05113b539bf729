"""Judging by batches: collect what has ended, hand in what is open, and wait if asked to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.core.errors import UsageError
from harness.core.records import Judgement
from judges.base import JudgeRequest
from judges.batch.collector import Collector
from judges.batch.deposits import Deposits
from judges.batch.ledger import BatchLedger
from judges.batch.registry import batch_provider
from judges.batch.session import Session
from judges.batch.submission import Submission
from judges.budget import Budget

if TYPE_CHECKING:
    from judges.api import ApiJudge


def advance(
    judge: ApiJudge,
    requests: Sequence[JudgeRequest],
    ledger: BatchLedger,
    *,
    wait: bool,
    poll_s: float,
    budget: Budget | None,
) -> Iterator[Judgement]:
    """Bring a judge's batches as far as they go, and yield what has been answered.

    First the batches that have ended are collected, then the requests that are in no open batch
    are handed in. A batch is written down as collected once all its judgements were taken; should
    they be lost even so, the next call fetches them again. Failed questions are yielded with their
    status and handed in by the next call. There is no repair call in a batch.

    Args:
        judge: Who is asked.
        requests: All questions that have no answer yet; a reply to any other key is passed over.
        ledger: The run's batches.
        wait: Whether to wait until every batch has ended.
        poll_s: Seconds between two looks while waiting.
        budget: Money that may be spent; the worst cost of every open batch is set aside in it.

    Raises:
        UsageError: No API key, no batch interface, or no price for a model whose cost is limited.
        DataError: The provider refuses, cannot be reached, or the budget is used up; all that has
            ended is yielded before, and the same command goes on.
        KeyboardInterrupt: Ctrl-C; batches under way go on at the provider.
    """
    provider = batch_provider(judge.provider)
    if budget is not None:
        judge.settings.prices.require(judge.provider.model)
    known = ledger.batches(judge.name, judge.version)
    if not requests and not any(batch.open for batch in known):
        return
    if problem := judge.provider.key_problem():
        raise UsageError(f"--judge {judge.name}: {problem}")
    wanted = {request.key: request for request in requests}
    with asyncio.Runner() as runner:
        session = Session(judge, wanted, ledger, provider, Deposits(budget), runner)
        submission = Submission(session)
        collector = Collector(session, patient=wait)
        try:
            submission.recover()
            yield from collector.ended()
            yield from submission.hand_in(collector.taken)
            if wait:
                yield from collector.all(poll_s)
            else:
                collector.report()
        finally:
            runner.run(provider.close())
    if submission.stopped is not None:
        raise submission.stopped
