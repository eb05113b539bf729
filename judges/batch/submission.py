"""Handing in batches so that none is paid twice, whenever the process ends."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from typing import Final

from harness.core.errors import DataError
from harness.core.records import Call, Judgement
from judges.batch.base import BatchRefusedError, BatchUnreachableError
from judges.batch.deposits import CostLimitError
from judges.batch.ledger import Batch
from judges.batch.parts import Part, Unaskable, parts
from judges.batch.session import Session

SETTLE_S: Final = 30.0
"""Age in seconds before a batch that the provider does not list counts as never received."""


class Submission:
    """Hands in what is open.

    Args:
        session: The judge and its questions.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.stopped: DataError | None = None
        """Why not everything was handed in; None if it was."""

    def recover(self) -> None:
        """Find out about batches that were handed in without an answer: adopt or free them."""
        session = self._session
        for batch in session.batches():
            if batch.event != "intent":
                continue
            found = session.run(self._find(batch))
            if found is None:
                session.ledger.failed(batch, "never received by the provider")
            else:
                adopted = session.ledger.submitted(batch, found)
                session.tell("found again at the provider", adopted)

    def hand_in(self, taken: Collection[str]) -> Iterator[Judgement]:
        """Submit what is in no open batch and not ``taken``; :attr:`stopped` says what ended it.

        Yields the judgements of questions that the provider would not take.
        """
        session = self._session
        open_batches = [batch for batch in session.batches() if batch.open]
        busy = {key for batch in open_batches for key in batch.keys}.union(taken)
        pending = [request for key, request in session.wanted.items() if key not in busy]
        if not pending:
            return
        limits, deposits = session.provider.limits, session.deposits
        try:
            deposits.take_up(open_batches, len(pending))
            for part in parts(session.judge, pending, limits, deposits):
                if isinstance(part, Unaskable):
                    call = Call(status="api_error", error=part.problem)
                    yield session.judge.outcome(part.request, [call])
                else:
                    self._submit(part)
        except (BatchRefusedError, BatchUnreachableError, CostLimitError) as error:
            self.stopped = error

    async def _find(self, batch: Batch) -> str | None:
        """Look for a batch that was handed in; once more when it is old enough to be listed."""
        ledger, provider = self._session.ledger, self._session.provider
        known = ledger.known_ids()
        found = await provider.find(batch.tag, batch.keys, batch.since, known)
        rest = SETTLE_S - (ledger.clock() - batch.since)
        if found is None and rest > 0:
            await asyncio.sleep(min(rest, SETTLE_S))
            found = await provider.find(batch.tag, batch.keys, batch.since, known)
        return found

    def _submit(self, part: Part) -> None:
        """Hand in one batch, written down before and after."""
        session, judge = self._session, self._session.judge
        keys = [key for key, _ in part.items]
        batch = session.ledger.intend(judge.name, judge.version, keys, part.worst_usd)
        session.deposits.book(batch.tag, part.costs)
        try:
            batch_id = session.run(session.provider.submit(part.items, batch.tag))
        except BatchRefusedError as error:
            session.ledger.failed(batch, str(error))
            session.deposits.settle(batch.tag, [])
            raise
        except BatchUnreachableError as error:
            raise BatchUnreachableError(
                f"{error}; the same command finds out whether it was received, and goes on"
            ) from error
        session.ledger.submitted(batch, batch_id)
