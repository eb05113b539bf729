"""Stage 5: rates with intervals, from descriptions and judgements."""

from __future__ import annotations

from harness.core.files import write_text_atomic
from harness.core.ids import digest
from harness.core.records import LensKind, Score
from harness.core.tables import write_table
from harness.pipeline.context import RunContext
from harness.pipeline.judge import active_judges, answers
from lenses.registry import make_lens
from reports.leaderboard import leaderboard_csv
from reports.scoring import score_run


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the scores."""
    run = context.run
    return run.digests(run.descriptions, run.patches, run.judgements) | {
        "spec": digest(context.spec)
    }


def run(context: RunContext) -> None:
    """Write the score table and the leaderboard."""
    spec, patches = context.spec, context.patches
    kinds = lens_kinds(spec.lenses)
    scores: list[Score] = []
    judges = active_judges(context)
    for judge in judges:
        found = answers(context, judge)
        scores += score_run(context.descriptions, found, patches, spec, kinds, judge.name)
    if not judges:
        scores += score_run(context.descriptions, None, patches, spec, kinds)
    write_table(context.run.scores, scores, Score)
    write_text_atomic(context.run.leaderboard, leaderboard_csv(scores))


def lens_kinds(names: tuple[str, ...]) -> dict[str, LensKind]:
    """Return name to ``lens`` or ``control``."""
    return {name: make_lens(name).card.kind for name in names}
