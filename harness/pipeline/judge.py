"""Stage 4: every distinct question to every judge, once; answers go to the journal as they come."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from harness.core.ids import digest
from harness.core.journal import Journal
from harness.core.progress import announce, progress
from harness.core.records import Judgement, Patch, RegionLabels
from harness.pipeline.context import RunContext
from harness.pipeline.judging import Judging, pictures, present_judgings
from harness.pipeline.run_judges import setups
from judges.api import ApiJudge
from judges.base import JudgeRequest
from judges.batch.flow import advance
from judges.batch.ledger import BatchLedger

_BATCH: Final = 500
_LONGEST_WAIT_S: Final = 0.25
_POLL_S: Final = 60.0


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the judgements: descriptions, patches, judges and their protocols."""
    run = context.run
    versions = {
        f"judge {judging.label}": digest(
            [judging.identity.version, judging.prompt_hash, judging.setup.model_dump()]
        )
        for judging in present_judgings(context)
    }
    return run.digests(run.descriptions, run.patches) | versions | {"spec": digest(context.spec)}


def run(context: RunContext) -> bool:
    """Ask what has no answer yet; return whether every question has one now."""
    return not setups(context) or ask_share(context, context.run.judgements, 1, 1)


def ask_share(context: RunContext, path: Path, number: int, count: int) -> bool:
    """Ask one of ``count`` shares of what has no answer yet.

    Args:
        context: The run.
        path: Journal of this share; no other process may write to it.
        number: Which share, from 1. A key always falls into the same share.
        count: How many shares there are.

    Returns:
        Whether every question of the share has an answer now.
    """
    rows = list(context.judgements())
    answered = answered_keys(rows)
    found = present_judgings(context)
    left: dict[str, list[str]] = {}
    with Journal(path) as journal:
        for judging in found:
            _tell_unused(judging, rows)
            keys = open_keys(judging, answered)
            share = [key for key in keys if int(key[:8], 16) % count == number - 1]
            left[judging.label] = ask(judging, share, journal)
        if context.options.batch and context.options.wait:
            # All batches are handed in before the first is waited for.
            for judging in found:
                if isinstance(judging.judge, ApiJudge):
                    open_now = left[judging.label]
                    left[judging.label] = ask(judging, open_now, journal, wait=True)
    unscored = sum(map(len, left.values()))
    if unscored:
        announce(f"{unscored} questions stay unscored; the same command asks them again")
    return not unscored


def answered_keys(rows: Iterable[Judgement]) -> set[str]:
    """Return the keys that have an answer; failures have none."""
    return {row.key for row in rows if row.status == "ok"}


def open_keys(judging: Judging, answered: set[str]) -> list[str]:
    """Return the keys that a judge has not answered yet, patch by patch."""
    return [key for key in judging.asked if key not in answered]


def _tell_unused(judging: Judging, rows: Iterable[Judgement]) -> None:
    """Say that a judge of this name has answers under other settings, which do not count here."""
    judge = judging.identity
    unused = sum(
        row.judge == judge.judge and row.judge_version != judge.version and row.status == "ok"
        for row in rows
    )
    if unused:
        announce(
            f"judge {judging.label}: {unused} recorded answers were given with other settings "
            "(model options, address or rules) and are not used"
        )


def ask(judging: Judging, keys: list[str], journal: Journal, *, wait: bool = False) -> list[str]:
    """Put questions to a judge; return those that got no scored answer, lost ones too.

    Args:
        judging: The judge.
        keys: Keys of the questions.
        journal: Where replies are written.
        wait: Whether to wait for batches.
    """
    if not keys:
        return []
    judge = judging.judge
    if isinstance(judge, ApiJudge) and (problem := judge.provider.key_problem()):
        announce(f"judge {judging.label}: {len(keys)} questions are not asked: {problem}")
        return keys
    unanswered = dict.fromkeys(keys)
    statuses: Counter[str] = Counter()
    costs = _Costs()
    for reply in progress(
        _recorded(judging, _replies(judging, keys, wait), journal),
        description=f"judge {judging.label}",
        total=len(keys),
        note=(lambda _: costs.text()) if judge.needs_pixels else None,
    ):
        statuses[reply.status] += 1
        costs.add(reply)
        if reply.status == "ok":
            unanswered.pop(reply.key, None)
    if judge.needs_pixels:
        listed = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
        announce(f"judge {judging.label}: {listed or 'no replies'}, {costs.text()}")
    return list(unanswered)


class _Costs:
    """The running total of one judge."""

    def __init__(self) -> None:
        self._usd = 0.0
        self._unknown = 0

    def add(self, reply: Judgement) -> None:
        """Count a reply."""
        self._usd += reply.cost_usd or 0.0
        self._unknown += reply.cost_usd is None

    def text(self) -> str:
        """Return the total in US dollars and how many replies it does not cover."""
        more = f" and {self._unknown} replies of unknown cost" if self._unknown else ""
        return f"${self._usd:.4f}{more}"


def _replies(judging: Judging, keys: list[str], wait: bool) -> Generator[Judgement]:
    """Yield the judge's replies; judges by labels are asked in parts, so that the bar moves."""
    judge = judging.judge
    context = judging.context
    if context.options.batch and isinstance(judge, ApiJudge):
        yield from advance(
            judge,
            list(_requests(judging, keys)),
            BatchLedger(context.run.batches),
            wait=wait,
            poll_s=_POLL_S,
            budget=judge.settings.budget,
        )
        return
    step = len(keys) if judge.needs_pixels else _BATCH
    for start in range(0, len(keys), step):
        yield from judge.judge(list(_requests(judging, keys[start : start + step])))


def _recorded(
    judging: Judging, replies: Generator[Judgement], journal: Journal
) -> Iterator[Judgement]:
    """Yield replies and write them: each at once if it was paid for, many together if not.

    What has been received is written also when the judge breaks off.
    """
    waiting: list[dict[str, Any]] = []
    written = time.monotonic()
    try:
        for reply in replies:
            # Without defaults: a board of 60,000 questions has a fifth of the bytes less.
            waiting.append(judging.stamped(reply).model_dump(mode="json", exclude_defaults=True))
            if judging.judge.needs_pixels or time.monotonic() - written >= _LONGEST_WAIT_S:
                journal.append_many(waiting)
                waiting.clear()
                written = time.monotonic()
            yield reply
    finally:
        # A judge must not go on asking when nothing it says can be written any more.
        replies.close()
        journal.append_many(waiting)


def _requests(judging: Judging, keys: list[str]) -> Iterator[JudgeRequest]:
    """Yield requests patch by patch, so that each patch is labelled once."""
    context, judge = judging.context, judging.judge
    patches = {patch.patch_id: patch for patch in context.patches}
    labels: dict[str, RegionLabels | None] = {}
    for key in keys:
        asked = judging.asked[key]
        patch_id = asked.patch_id
        if judge.needs_labels and patch_id not in labels:
            labels = {patch_id: _labels(context, patches[patch_id])}
        yield JudgeRequest(
            key=key,
            patch_id=patch_id,
            words=asked.words,
            protocol=judging.protocol,
            labels=labels.get(patch_id),
            render=pictures(context).renderer(patch_id) if judge.needs_pixels else None,
        )


def _labels(context: RunContext, patch: Patch) -> RegionLabels | None:
    record = context.records[patch.image_id]
    left, top, right, bottom = patch.box
    return context.source.labels(record, patch.region, ((left + right) / 2, (top + bottom) / 2))
