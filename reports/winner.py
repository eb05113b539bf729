"""Who leads, in plain words made from the figures of a ranking."""

from __future__ import annotations

from collections.abc import Sequence

from reports.ranked import Comparison, RankedLens, Ranking


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
    level = [row.lens for row in lenses if row.tier == 1]
    if len(level) == 1:
        return f"{best.lens} leads by {_figures(rivals[0])} over {rivals[0].second}."
    nearest = next(pair for pair in rivals if pair.second in level)
    return (
        f"No lens leads: {_listed(level)} cannot be told apart "
        f"({best.lens} minus {nearest.second}: {_figures(nearest)})."
    )


def _figures(pair: Comparison) -> str:
    return _signed(pair.difference, pair.low, pair.high)


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
