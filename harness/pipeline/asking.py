"""Putting questions to one judge and writing down what it says, as it says it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any, Final

from harness.core.journal import Journal
from harness.core.progress import announce, progress
from harness.core.records import Judgement, Patch, RegionLabels
from harness.pipeline.context import RunContext
from harness.pipeline.judging import Judging, pictures
from judges.api import ApiJudge
from judges.base import JudgeRequest
from judges.batch.flow import advance
from judges.batch.ledger import BatchLedger

_BATCH: Final = 500
_LONGEST_WAIT_S: Final = 0.25
_POLL_S: Final = 60.0


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
    if isinstance(judge, ApiJudge) and not judging.context.options.batch:
        keys = _not_under_way(judging, judge, keys)
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
    if judge.needs_pixels and statuses:
        listed = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
        announce(f"judge {judging.label}: {listed}, {costs.text()}")
    return list(unanswered)


def _not_under_way(judging: Judging, judge: ApiJudge, keys: list[str]) -> list[str]:
    """Return the keys that no open batch asks, which would be paid twice."""
    ledger = BatchLedger(judging.context.run.batches)
    batches = ledger.batches(judge.name, judge.version)
    busy = {key for batch in batches if batch.open for key in batch.keys}
    left = [key for key in keys if key not in busy]
    if len(left) < len(keys):
        announce(
            f"judge {judging.label}: {len(keys) - len(left)} questions are in batches under way "
            "and are not asked again; the same command with --batch collects them"
        )
    return left


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
    step = max(1, len(keys)) if judge.needs_pixels else _BATCH
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
