"""Stage 4: every distinct question to every judge, once; answers go to the journal as they come."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

from harness.core.ids import digest
from harness.core.journal import Journal
from harness.core.progress import announce, progress
from harness.core.records import Judgement, Patch, RegionLabels
from harness.data.rendering import render_patch
from harness.pipeline.context import RunContext
from judges.base import Judge, JudgeRequest, request_key
from judges.registry import make_judge

Question = tuple[str, tuple[str, ...]]
"""Patch id and words in rank order; lenses and layers that ask the same share one question."""

_BATCH = 500
_LONGEST_WAIT_S = 0.25


def active_judges(context: RunContext) -> list[Judge]:
    """Return the run's judges without ``none``."""
    judges = [make_judge(name) for name in context.spec.judges]
    return [judge for judge in judges if judge is not None]


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the judgements: descriptions, patches and the judges' versions."""
    run = context.run
    versions = {f"judge {judge.name}": judge.version for judge in active_judges(context)}
    return run.digests(run.descriptions, run.patches) | versions | {"spec": digest(context.spec)}


def run(context: RunContext) -> bool:
    """Ask what has no answer yet; return whether every question has one now."""
    judges = active_judges(context)
    if not judges:
        return True
    journal = Journal(context.run.judgements)
    answered = {row["key"] for row in journal.records() if row["status"] == "ok"}
    failures = 0
    for judge in judges:
        asked = _keyed(judge, questions(context))
        open_questions = {key: question for key, question in asked.items() if key not in answered}
        failures += _ask(context, judge, open_questions, journal)
    journal.close()
    if failures:
        announce(f"{failures} questions stay unscored; the same command asks them again")
    return failures == 0


def questions(context: RunContext) -> list[Question]:
    """Return the distinct questions of the run in the order of the description table."""
    names = ("lens", "layer", "patch_id", "rank", "word")
    columns = [context.descriptions[name] for name in names]
    cells: dict[tuple[str, int, str], dict[int, str]] = {}
    for lens, layer, patch_id, rank, word in zip(*columns, strict=True):
        cells.setdefault((lens, layer, patch_id), {})[rank] = word
    found = {
        (patch_id, tuple(words[rank] for rank in sorted(words))): None
        for (_, _, patch_id), words in cells.items()
    }
    return list(found)


def answers(context: RunContext, judge: Judge) -> dict[Question, Judgement]:
    """Return every question of the run with the judge's last answer, if it has one."""
    wanted = _keyed(judge, questions(context))
    found: dict[Question, Judgement] = {}
    for row in Journal(context.run.judgements).records():
        question = wanted.get(row["key"])
        if question is not None:
            found[question] = Judgement.model_validate(row)
    return found


def _keyed(judge: Judge, asked: Sequence[Question]) -> dict[str, Question]:
    return {
        request_key(judge.name, judge.version, patch_id, words): (patch_id, words)
        for patch_id, words in asked
    }


def _ask(
    context: RunContext, judge: Judge, open_questions: dict[str, Question], journal: Journal
) -> int:
    """Put questions to a judge in batches; return how many got no scored answer, lost ones too."""
    unanswered = set(open_questions)
    requests = _requests(context, open_questions)
    count = -(-len(open_questions) // _BATCH)
    for _ in progress(range(count), description=f"judge {judge.name}"):
        for reply in _recorded(judge.judge(list(islice(requests, _BATCH))), journal):
            if reply.status == "ok":
                unanswered.discard(reply.key)
    return len(unanswered)


def _recorded(replies: Iterable[Judgement], journal: Journal) -> Iterator[Judgement]:
    """Yield replies and write them: each at once if they are slow, many together if they are fast.

    What has been received is written also when the judge breaks off.
    """
    waiting: list[Judgement] = []
    written = time.monotonic()
    try:
        for reply in replies:
            waiting.append(reply)
            if time.monotonic() - written >= _LONGEST_WAIT_S:
                journal.append_many(waiting)
                waiting.clear()
                written = time.monotonic()
            yield reply
    finally:
        journal.append_many(waiting)


def _requests(context: RunContext, open_questions: dict[str, Question]) -> Iterator[JudgeRequest]:
    """Yield requests patch by patch, so that each patch is labelled once."""
    patches = {patch.patch_id: patch for patch in context.patches}
    order = {patch_id: number for number, patch_id in enumerate(patches)}
    ranked = sorted(open_questions.items(), key=lambda item: order[item[1][0]])
    last, labels = "", None
    for key, (patch_id, words) in ranked:
        patch = patches[patch_id]
        if patch_id != last:
            last, labels = patch_id, _labels(context, patch)
        yield JudgeRequest(key, patch_id, words, labels, partial(_render, context, patch))


def _labels(context: RunContext, patch: Patch) -> RegionLabels | None:
    record = context.records[patch.image_id]
    left, top, right, bottom = patch.box
    return context.source.labels(record, patch.region, ((left + right) / 2, (top + bottom) / 2))


def _render(context: RunContext, patch: Patch) -> tuple[bytes, bytes]:
    image = context.source.open(context.records[patch.image_id])
    return render_patch(image, context.geometries[patch.image_id], patch)
