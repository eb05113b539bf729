"""Stage 7: rates with intervals, from descriptions and judgements."""

from __future__ import annotations

from harness.core.files import write_text_atomic
from harness.core.ids import digest
from harness.core.records import LensKind, Score
from harness.core.tables import write_table
from harness.pipeline.context import RunContext
from harness.pipeline.judging import judgings
from harness.pipeline.kept_measures import kept_measures
from harness.pipeline.run_judges import panel_rule
from lenses.registry import make_lens
from reports.leaderboard import leaderboard_csv
from reports.panel import all_boards, panel_name
from reports.same_layers import same_layers
from reports.scoring import score_outcomes


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the scores."""
    run = context.run
    made = (run.descriptions, run.patches, run.measures)
    files = (*made, run.judgements, run.judgement_parts, run.judges)
    return run.digests(*files) | {"spec": digest(context.spec)}


def run(context: RunContext) -> None:
    """Write the score table and the leaderboard."""
    spec = context.spec
    kinds = lens_kinds(spec.lenses)
    rows, judges = list(context.judgements()), judgings(context)
    boards = all_boards(
        context.descriptions,
        {judging.label: judging.answers(rows) for judging in judges},
        context.patches,
        spec,
        panels=panels(context),
        shown={judging.label: judging.shown for judging in judges},
    )
    same = same_layers(kept_measures(context))
    scores: list[Score] = []
    for board in boards:
        scores += score_outcomes(board, spec, kinds, same)
    write_table(context.run.scores, scores, Score)
    write_text_atomic(context.run.leaderboard, leaderboard_csv(scores))


def panels(context: RunContext) -> dict[str, list[str]]:
    """Return the name of the run's panel, if it has one, to the labels of its judges."""
    if panel_rule(context) == "none":
        return {}
    labels = [judging.label for judging in judgings(context)]
    return {panel_name(labels): labels}


def lens_kinds(names: tuple[str, ...]) -> dict[str, LensKind]:
    """Return name to ``lens`` or ``control``."""
    return {name: make_lens(name).card.kind for name in names}
