"""Which lens is ahead: tiers of lenses that data cannot tell apart, and gains over controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from harness.core.records import Definition, LensKind, Record, RunSpec
from reports.outcomes import Outcomes
from reports.stats import (
    Difference,
    Values,
    cluster_bootstrap_mean,
    mcnemar,
    paired_difference,
    patch_means,
)

MATCHED_CONTROL: Final = "shuffled-patch:"
"""Prefix of the control that shows the same lens's words of another image."""


class Comparison(Record):
    """Two lenses on the same patches: mean of ``first - second``."""

    judge: str
    """Judge name."""
    definition: Definition
    """What counts as a hit."""
    layer: int | None
    """Visual layer; None for the mean over layers."""
    first: str
    """Lens or control, the one with the higher estimate."""
    second: str
    """Lens or control compared with it."""
    difference: float | None
    """Mean difference over patches scored for both; None if there are none."""
    low: float | None
    """Lower end of the 95 % whole-image bootstrap interval."""
    high: float | None
    """Upper end of it."""
    n: int
    """Patches scored for both."""
    first_only: int | None
    """Patches that only the first hit; None for means over layers."""
    second_only: int | None
    """Patches that only the second hit; None for means over layers."""
    mcnemar_p: float | None
    """Exact McNemar p-value at one layer; None for means over layers."""

    @property
    def winner(self) -> str | None:
        """The lens that is ahead, or None if the interval includes 0."""
        result = Difference(self.difference, self.low, self.high, self.n)
        if result.mean is None or not result.differs:
            return None
        return self.first if result.mean > 0 else self.second


class RankedLens(Record):
    """A lens on one board: its rate, its tier and its gain over its matched control."""

    judge: str
    """Judge name."""
    definition: Definition
    """What counts as a hit."""
    layer: int | None
    """Visual layer; None for the mean over layers."""
    lens: str
    """Lens or control name."""
    kind: LensKind
    """Lens under test or control; controls are listed after the lenses, without a tier."""
    estimate: float | None
    """Rate, or mean over layers."""
    low: float | None
    """Lower end of the 95 % whole-image bootstrap interval."""
    high: float | None
    """Upper end of it."""
    n: int
    """Patches with at least one scored answer."""
    tier: int | None
    """1 for the lenses that cannot be told from the best one, and so on."""
    best_rank: int | None
    """1 + lenses that are ahead of it beyond chance."""
    worst_rank: int | None
    """Number of lenses less those that are behind it beyond chance."""
    control: str | None
    """Its matched control: the same lens's words of another image."""
    excess: float | None
    """Mean of lens minus matched control."""
    excess_low: float | None
    """Lower end of its 95 % whole-image bootstrap interval."""
    excess_high: float | None
    """Upper end of it."""


class Ranking(Record):
    """All lenses and controls of one board, best first, with every pair of lenses compared."""

    rows: tuple[RankedLens, ...]
    """Lenses by estimate, then controls by estimate."""
    comparisons: tuple[Comparison, ...]
    """Every pair of lenses, the better one first."""


def rank_lenses(
    outcomes: Outcomes,
    spec: RunSpec,
    kinds: Mapping[str, LensKind],
    definition: Definition,
    layer: int | None = None,
) -> Ranking:
    """Rank the lenses at one layer, or by their means over layers.

    Lenses are ordered by estimate. Going down, a lens stays in the tier of the tier's best lens if
    the paired interval of their difference includes 0, and opens the next tier otherwise. All
    intervals resample whole images; none is corrected for the number of pairs.

    Args:
        outcomes: The joined run.
        spec: Gives the seed of the resampling.
        kinds: Lens name to ``lens`` or ``control``.
        definition: What counts as a hit.
        layer: Visual layer, or None for the mean over layers.
    """
    values = {lens: outcomes.hits(lens, layer, definition) for lens in outcomes.lenses}
    means = {lens: _mean(hits) for lens, hits in values.items()}
    order = sorted(values, key=lambda lens: (-(means[lens] or 0.0), means[lens] is None, lens))
    lenses = [lens for lens in order if kinds[lens] == "lens" and means[lens] is not None]

    def compare(first: str, second: str) -> Comparison:
        return _compare(outcomes, spec.seed, definition, layer, (first, second), values)

    pairs = tuple(compare(first, second) for first, second in combinations(lenses, 2))
    places = _places(lenses, pairs)
    rows: list[RankedLens] = []
    for lens in sorted(order, key=lambda name: kinds[name] == "control"):
        control = MATCHED_CONTROL + lens
        excess = compare(lens, control) if control in values else None
        interval = cluster_bootstrap_mean(outcomes.by_image(values[lens]), seed=spec.seed)
        tier, best, worst = places.get(lens, (None, None, None))
        rows.append(
            RankedLens(
                judge=outcomes.judge,
                definition=definition,
                layer=layer,
                lens=lens,
                kind=kinds[lens],
                estimate=means[lens],
                low=interval.low if interval else None,
                high=interval.high if interval else None,
                n=int((~np.isnan(patch_means(values[lens]))).sum()),
                tier=tier,
                best_rank=best,
                worst_rank=worst,
                control=control if excess else None,
                excess=excess.difference if excess else None,
                excess_low=excess.low if excess else None,
                excess_high=excess.high if excess else None,
            )
        )
    return Ranking(rows=tuple(rows), comparisons=pairs)


def winner_statement(ranking: Ranking) -> str:
    """Say in plain words who leads, by how much, and whether the leader beats its control."""
    lenses = [row for row in ranking.rows if row.kind == "lens" and row.estimate is not None]
    if not lenses:
        return "No lens was scored."
    best = lenses[0]
    return " ".join([_lead(best, lenses, ranking.comparisons), *_gains(lenses)])


def _lead(best: RankedLens, lenses: Sequence[RankedLens], comparisons: Sequence[Comparison]) -> str:
    rivals = [pair for pair in comparisons if pair.first == best.lens]
    if not rivals:
        return f"Only one lens was scored: {best.lens}, at {best.estimate:.2f}."
    runner_up = rivals[0]
    figures = _signed(runner_up.difference, runner_up.low, runner_up.high)
    level = [row.lens for row in lenses if row.tier == 1]
    if len(level) == 1:
        return f"{best.lens} leads by {figures} over {runner_up.second}."
    return (
        f"No lens leads: {_listed(level)} cannot be told apart "
        f"({best.lens} minus {runner_up.second}: {figures})."
    )


def _gains(lenses: Sequence[RankedLens]) -> list[str]:
    """Return one sentence on all gains over the matched controls, and one on lenses without."""
    controlled = [row for row in lenses if row.excess is not None]
    if not controlled:
        return []
    gains = ", ".join(
        f"{row.lens} {_signed(row.excess, row.excess_low, row.excess_high)}" for row in controlled
    )
    sentences = [f"Gain over the same lens's words of another image: {gains}."]
    chance = [row.lens for row in controlled if row.excess_low is None or row.excess_low <= 0]
    if chance:
        sentences.append(f"Not above chance: {_listed(chance)}.")
    return sentences


def _signed(mean: float | None, low: float | None, high: float | None) -> str:
    if mean is None:
        return "an unknown amount"
    if low is None or high is None:
        return f"{mean:.2f} (no interval)"
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _compare(
    outcomes: Outcomes,
    seed: int,
    definition: Definition,
    layer: int | None,
    pair: tuple[str, str],
    values: Mapping[str, Values],
) -> Comparison:
    first, second = (values[lens] for lens in pair)
    result = paired_difference(outcomes.by_image(first), outcomes.by_image(second), seed=seed)
    only = (
        (int((first - second == 1).sum()), int((second - first == 1).sum()))
        if layer is not None
        else None
    )
    return Comparison(
        judge=outcomes.judge,
        definition=definition,
        layer=layer,
        first=pair[0],
        second=pair[1],
        difference=result.mean,
        low=result.low,
        high=result.high,
        n=result.n,
        first_only=only[0] if only else None,
        second_only=only[1] if only else None,
        mcnemar_p=mcnemar(*only) if only else None,
    )


def _mean(values: Values) -> float | None:
    means = patch_means(values)
    scored = means[~np.isnan(means)]
    return float(scored.mean()) if len(scored) else None


def _places(lenses: Sequence[str], pairs: Sequence[Comparison]) -> dict[str, tuple[int, int, int]]:
    """Return tier, best rank and worst rank of each lens; ``lenses`` are best first."""
    winners = {frozenset((pair.first, pair.second)): pair.winner for pair in pairs}
    places: dict[str, tuple[int, int, int]] = {}
    leader, tier = "", 0
    for lens in lenses:
        if tier == 0 or winners[frozenset((leader, lens))] == leader:
            leader, tier = lens, tier + 1
        decided = [winner for pair, winner in winners.items() if winner and lens in pair]
        won = decided.count(lens)
        places[lens] = (tier, 1 + len(decided) - won, len(lenses) - won)
    return places
