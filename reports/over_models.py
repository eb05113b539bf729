"""Lenses over several models: every model has one vote, and images are shared by all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from harness.core.records import Definition, LensKind, Record
from reports.borda import borda
from reports.holm import holm
from reports.image_sums import ImageSums, effective_n
from reports.model_boards import ModelBoards, model_boards
from reports.outcomes import Outcomes
from reports.ranked import Comparison, RankedLens, Ranking
from reports.ranking import MATCHED_CONTROL
from reports.same_layers import distinct_mean
from reports.sign_flip import sign_flip
from reports.stats import difference_interval, mean_interval
from reports.tiers import Place, places
from reports.winner import winner_statement

_PLACES: Final = 12
"""Decimals that count: means that differ by less are one mean that was rounded differently."""


class MissingLens(Record):
    """A lens that is not averaged over models."""

    lens: str
    """Lens or control."""
    models: tuple[str, ...]
    """Models that do not have it, or of which nothing was scored for it."""


class OverModels(Record):
    """All lenses that every model has, by one judge and one definition."""

    judge: str
    """Judge or panel."""
    definition: Definition
    """What counts as a hit."""
    models: tuple[str, ...]
    """Models, each with one vote."""
    images: int
    """Images of all models together."""
    ranking: Ranking
    """Means over models with their comparisons; layer None, ``n`` counts patches of all models."""
    wins: dict[str, int]
    """Lens to the number of models in which no other lens has a higher mean over layers."""
    missing: tuple[MissingLens, ...]
    """Lenses and controls that are left out."""


def rank_over_models(
    boards: Mapping[str, Outcomes],
    kinds: Mapping[str, LensKind],
    definition: Definition,
    seed: int,
    same: Mapping[str, Collection[int]] | None = None,
) -> OverModels:
    """Rank lenses by their mean over models.

    Definition: the estimate of a lens is the mean over models of its mean over the layers of each
    model, as the paper averages; models have one vote each whatever their number of layers. Images
    are drawn for all models together, since all saw the same ones. Models are taken as given: an
    interval tells what other images would give, not what other models would. Differences are
    paired on the cells of a model that are scored for both lenses; their p-values turn the signs of
    whole images and are corrected by Holm over all pairs of lenses of this board; tiers follow from
    these. Borda points are over all layers of all models. ``distinct_layers`` counts the layers of
    one vector once in each model. Only lenses that are scored for every model are ranked, the
    others are listed as missing.
    Degenerate: no rows where models have no lens in common; no interval below two images.

    Args:
        boards: Model to the board of one judge.
        kinds: Lens or control to its kind.
        definition: What counts as a hit.
        seed: Seed of the resampling.
        same: Model to its layers whose states are practically those of layer 0.

    Raises:
        MismatchError: no board, or boards of several judges.
    """
    together = model_boards(boards, definition)
    common, missing = together.scored_lenses()
    sums = {lens: together.mean(lens) for lens in common}
    order = _order(sums, kinds)
    lenses = [lens for lens in order if kinds[lens] == "lens"]
    pairs = _comparisons(together, lenses, seed)
    standing = places({lens: sums[lens].mean for lens in lenses}, _ahead(pairs))
    points = borda({lens: _layer_rates(together, lens) for lens in lenses})
    judge = _judge(together)
    rows = [
        RankedLens(
            judge=judge,
            definition=definition,
            layer=None,
            lens=lens,
            kind=kinds[lens],
            n=sums[lens].patches,
            **_standing(standing.get(lens)),
            borda=points.get(lens),
            distinct_layers=_distinct_layers(together, lens, same or {}),
            **_estimate(sums[lens], seed),
            **_gain(together, lens, sums, seed),
        )
        for lens in order
    ]
    return OverModels(
        judge=judge,
        definition=definition,
        models=tuple(boards),
        images=together.images,
        ranking=Ranking(rows=tuple(rows), comparisons=pairs, detectable=None),
        wins=_wins(together, lenses),
        missing=tuple(MissingLens(lens=lens, models=names) for lens, names in missing.items()),
    )


def _order(sums: Mapping[str, ImageSums], kinds: Mapping[str, LensKind]) -> list[str]:
    """Return the lenses by their means, highest first, then the controls."""
    return sorted(
        sums, key=lambda lens: (kinds[lens] == "control", -round(sums[lens].mean, _PLACES), lens)
    )


def _standing(place: Place | None) -> dict[str, int | None]:
    names = ("tier", "best_rank", "worst_rank")
    return {name: None if place is None else getattr(place, name) for name in names}


def over_statement(over: OverModels) -> str:
    """Say in plain words who leads over models, and in how many of them."""
    models = f"Over {len(over.models)} models ({', '.join(over.models)})"
    if not over.wins:
        return f"{models} no lens can be ranked: none is scored for all of them."
    won = ", ".join(f"{lens} {count}" for lens, count in over.wins.items())
    first = f"{models}, each with one vote: {winner_statement(over.ranking)}"
    return f"{first} Models in which no lens is higher: {won}."


def _judge(together: ModelBoards) -> str:
    return next(iter(together.boards.values())).judge


def _estimate(sums: ImageSums, seed: int) -> dict[str, float | None]:
    interval = mean_interval(sums, seed)
    return {
        "estimate": sums.mean,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "effective_n": effective_n(sums),
    }


def _gain(
    together: ModelBoards, lens: str, sums: Mapping[str, ImageSums], seed: int
) -> dict[str, float | str | None]:
    """Return the difference to the matched control, if every model has one."""
    control = MATCHED_CONTROL + lens
    found = together.difference(lens, control) if control in sums else None
    interval = difference_interval(found, seed) if found else None
    return {
        "control": control if found else None,
        "excess": found.mean if found else None,
        "excess_low": interval.low if interval else None,
        "excess_high": interval.high if interval else None,
    }


def _comparisons(together: ModelBoards, lenses: Sequence[str], seed: int) -> tuple[Comparison, ...]:
    """Return every pair of lenses, the better one first, with p-values of one family."""
    pairs = list(combinations(lenses, 2))
    sums = [together.difference(first, second) for first, second in pairs]
    tested = [each for each in sums if each is not None]
    values: list[float] = []
    if tested:
        shares = np.stack([each.shares for each in tested], axis=1)
        values = [float(value) for value in sign_flip(shares, seed)]
    p_values = iter(zip(values, holm(values), strict=True))
    found: list[Comparison] = []
    for (first, second), each in zip(pairs, sums, strict=True):
        interval = difference_interval(each, seed) if each else None
        p_value, p_holm = next(p_values) if each else (None, None)
        found.append(
            Comparison(
                judge=_judge(together),
                definition=together.definition,
                layer=None,
                first=first,
                second=second,
                difference=each.mean if each else None,
                low=interval.low if interval else None,
                high=interval.high if interval else None,
                n=each.patches if each else 0,
                first_only=None,
                second_only=None,
                mcnemar_p=None,
                p_value=p_value,
                p_holm=p_holm,
            )
        )
    return tuple(found)


def _ahead(pairs: Sequence[Comparison]) -> list[tuple[str, str]]:
    """Return (first, second) for every pair that the corrected test decides, the winner first."""
    return [
        (pair.first, pair.second) if pair.winner == pair.first else (pair.second, pair.first)
        for pair in pairs
        if pair.winner
    ]


def _layer_rates(together: ModelBoards, lens: str) -> list[float | None]:
    """Return the rate at every layer of every model; None where nothing was scored."""
    rates: list[float | None] = []
    for model in together.boards:
        for column in together.values(model, lens).T:
            scored = column[~np.isnan(column)]
            rates.append(float(scored.mean()) if len(scored) else None)
    return rates


def _distinct_layers(
    together: ModelBoards, lens: str, same: Mapping[str, Collection[int]]
) -> float | None:
    """Return the mean over models of the means that count layers of one vector once."""
    means = [
        distinct_mean(together.values(model, lens), board.layers, same.get(model, ()))
        for model, board in together.boards.items()
    ]
    found = [mean for mean in means if mean is not None]
    return sum(found) / len(found) if found else None


def _wins(together: ModelBoards, lenses: Sequence[str]) -> dict[str, int]:
    """Return in how many models each lens is highest; lenses that share the first place all are."""
    wins = dict.fromkeys(lenses, 0)
    for model in together.boards:
        means = {lens: round(together.alone(model, lens), _PLACES) for lens in lenses}
        for lens, mean in means.items():
            wins[lens] += mean == max(means.values())
    return wins
