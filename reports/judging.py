"""How far the judges hold: checks on each, agreement between them, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from harness.core.records import Judgement, LensKind, Record
from reports.costs import JudgeCost, LensCost, judge_costs, lens_costs
from reports.false_positives import (
    ControlRate,
    ProbeRate,
    control_rates,
    flag_disagreement,
    probe_rate,
)
from reports.judge_agreement import JudgeAgreement, judge_agreements
from reports.outcomes import NO_JUDGE, Answers, Outcomes
from reports.retest import Consistency, OrderEffect, order_effect, self_consistency
from reports.shares import Share

Journals: TypeAlias = Mapping[str, Sequence[Judgement]]
"""Judge to all its rows of the journal in the order written, failures and checks included."""


class JudgeChecks(Record):
    """What is known of one judge besides its verdicts."""

    judge: str
    """Judge."""
    repeat: Consistency | None
    """Questions asked again as they were; None if there were none."""
    reorder: OrderEffect | None
    """Questions asked again in another order of words; None if there were none."""
    controls: tuple[ControlRate, ...]
    """False positives on the controls of the board."""
    probes: ProbeRate | None
    """False positives on words that no lens said; None if none were mixed in."""
    flags: Share | None
    """Replies whose own flag contradicts their lists; None if no reply has a flag."""


class Judging(Record):
    """Everything a report says about the judges of a run."""

    checks: tuple[JudgeChecks, ...] = ()
    """One per judge."""
    agreements: tuple[JudgeAgreement, ...] = ()
    """Every two judges: all rows, lenses, controls."""
    costs: tuple[JudgeCost, ...] = ()
    """One per judge whose journal is known."""
    lens_costs: tuple[LensCost, ...] = ()
    """What was spent on the questions of each lens, for judges that cost something."""


def judge_checks(
    judgements: Sequence[Judgement], board: Outcomes, kinds: Mapping[str, LensKind], seed: int = 0
) -> JudgeChecks:
    """Check one judge against itself, and against rows on which there should be no hits.

    Args:
        judgements: Its rows of the journal; of equal keys the last one counts.
        board: Its board.
        kinds: Lens name to ``lens`` or ``control``.
        seed: Seed of the resampling.
    """
    last = list({judgement.key: judgement for judgement in judgements}.values())
    return JudgeChecks(
        judge=board.judge,
        repeat=self_consistency(last),
        reorder=order_effect(last),
        controls=control_rates(board, kinds, seed),
        probes=probe_rate(last),
        flags=flag_disagreement(last),
    )


def build_judging(
    boards: Sequence[Outcomes],
    journals: Journals,
    answers: Mapping[str, Answers],
    kinds: Mapping[str, LensKind],
    seed: int = 0,
) -> Judging:
    """Put together what a report says about its judges.

    Args:
        boards: Boards of single judges, without panels.
        journals: Journal rows by judge; a judge without any has no costs and no repeated questions.
        answers: Answers by judge.
        kinds: Lens name to ``lens`` or ``control``.
        seed: Seed of the resampling.
    """
    judged = [board for board in boards if board.judge != NO_JUDGE]
    costs = [judge_costs(judge, rows) for judge, rows in journals.items() if rows]
    return Judging(
        checks=tuple(
            judge_checks(journals.get(board.judge, ()), board, kinds, seed) for board in judged
        ),
        agreements=judge_agreements(judged, kinds, seed),
        costs=tuple(costs),
        lens_costs=tuple(
            row
            for board in judged
            for cost in costs
            if cost.judge == board.judge and (cost.known_usd or cost.unknown)
            for row in _lens_costs(board, journals[board.judge], answers[board.judge])
        ),
    )


def snapshot_notices(costs: Sequence[JudgeCost]) -> list[str]:
    """Return one line per judge under whose name several models answered."""
    return [
        f"Judge {cost.judge} answered as {_listed(cost.snapshots)}: its figures are of more than "
        "one model. Name a dated model to judge all with the same one."
        for cost in costs
        if len(cost.snapshots) > 1
    ]


def _lens_costs(board: Outcomes, rows: Sequence[Judgement], answers: Answers) -> list[LensCost]:
    cells = {
        (lens, layer, patch.patch_id): board.question(lens, layer, position)
        for lens, layer in board.cells
        for position, patch in enumerate(board.patches)
    }
    return lens_costs(board.judge, rows, answers, cells)


def _listed(counts: Mapping[str, int]) -> str:
    parts = [f"{name} ({count})" for name, count in counts.items()]
    return " and ".join([", ".join(parts[:-1]), parts[-1]])
