"""Which lens is ahead: lenses by estimate, in tiers that the data support, with their gains."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final

import numpy as np

from harness.core.records import Definition, LensKind, RunSpec
from reports.borda import borda
from reports.holm import holm
from reports.image_sums import (
    Codes,
    ImageSums,
    Values,
    effective_n,
    image_codes,
    image_sums,
    patch_means,
)
from reports.outcomes import Outcomes
from reports.power import detectable_difference
from reports.ranked import Comparison, RankedLens, Ranking
from reports.same_layers import distinct_mean
from reports.sign_flip import sign_flip
from reports.stats import Difference, difference_interval, mcnemar, mean_interval
from reports.tiers import ALPHA, Place, places
from reports.winner import winner_statement

__all__ = [
    "MATCHED_CONTROL",
    "Comparison",
    "RankedLens",
    "Ranking",
    "rank_lenses",
    "winner_statement",
]

MATCHED_CONTROL: Final = "shuffled-patch:"
"""Prefix of the control that shows the same lens's words of another image."""

_PLACES: Final = 12
"""Decimals by which estimates are ordered, so that rounding does not decide."""


@dataclass(frozen=True, slots=True)
class _Board:
    """Outcomes of all lenses by one definition, at one layer or all."""

    judge: str
    definition: Definition
    layer: int | None
    seed: int
    codes: Codes
    values: Mapping[str, Values]
    sums: Mapping[str, ImageSums | None]

    def estimate(self, lens: str) -> float | None:
        found = self.sums[lens]
        return found.mean if found else None


def rank_lenses(
    outcomes: Outcomes,
    spec: RunSpec,
    kinds: Mapping[str, LensKind],
    definition: Definition,
    layer: int | None = None,
    same_layers: Collection[int] = (),
) -> Ranking:
    """Rank the lenses at one layer, or by their means over layers.

    Lenses are ordered by estimate; where estimates are equal, the name decides the order and
    nothing else. Every pair of lenses is tested by turning the signs of whole images
    (:func:`reports.sign_flip.sign_flip`), and Holm's correction is over all these pairs: one
    judge, one definition, one layer or mean. Tiers and rank ranges follow from the corrected tests
    alone (:func:`reports.tiers.places`), so in at most 5 % of rankings is any two lenses told
    apart that do equally well. Intervals resample whole images and are not corrected.

    Args:
        outcomes: The joined run.
        spec: Gives the seed of the resampling.
        kinds: Lens name to ``lens`` or ``control``.
        definition: What counts as a hit.
        layer: Visual layer, or None for the mean over layers.
        same_layers: Layers of the same vector as layer 0, which ``distinct_layers`` counts once.
    """
    values = {lens: outcomes.hits(lens, layer, definition) for lens in outcomes.lenses}
    codes = image_codes(outcomes.image_ids())
    sums = {lens: image_sums(hits, codes) for lens, hits in values.items()}
    board = _Board(outcomes.judge, definition, layer, spec.seed, codes, values, sums)
    order = sorted(values, key=lambda lens: _order(board, lens))
    lenses = [lens for lens in order if kinds[lens] == "lens" and sums[lens]]
    pairs, detectable = _compare(board, list(combinations(lenses, 2)))
    ahead = {
        (pair.first, pair.second) if pair.winner == pair.first else (pair.second, pair.first)
        for pair in pairs
        if pair.winner
    }
    standing = places({lens: board.estimate(lens) or 0.0 for lens in lenses}, ahead)
    points = _points(board, lenses)
    rows = tuple(
        _ranked(board, lens, kinds[lens], standing.get(lens)).model_copy(
            update={
                "borda": points.get(lens),
                "distinct_layers": distinct_mean(values[lens], outcomes.layers, same_layers)
                if layer is None
                else None,
            }
        )
        for lens in sorted(order, key=lambda name: kinds[name] == "control")
    )
    return Ranking(rows=rows, comparisons=pairs, detectable=detectable)


def _order(board: _Board, lens: str) -> tuple[float, bool, str]:
    """Return what lenses are sorted by: never scored stands below never hit."""
    estimate = board.estimate(lens)
    return -round(estimate or 0.0, _PLACES), estimate is None, lens


def _ranked(board: _Board, lens: str, kind: LensKind, place: Place | None) -> RankedLens:
    """Return the row of one lens or control."""
    sums, control = board.sums[lens], MATCHED_CONTROL + lens
    interval = mean_interval(sums, board.seed) if sums else None
    excess = _difference(board, lens, control)[0] if control in board.values else None
    return RankedLens(
        judge=board.judge,
        definition=board.definition,
        layer=board.layer,
        lens=lens,
        kind=kind,
        estimate=board.estimate(lens),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        n=sums.patches if sums else 0,
        effective_n=effective_n(sums) if sums else None,
        tier=place.tier if place else None,
        best_rank=place.best_rank if place else None,
        worst_rank=place.worst_rank if place else None,
        control=control if excess else None,
        excess=excess.mean if excess else None,
        excess_low=excess.low if excess else None,
        excess_high=excess.high if excess else None,
    )


def _difference(board: _Board, first: str, second: str) -> tuple[Difference, ImageSums | None]:
    """Return the paired difference of two lenses with its sums over images."""
    sums = image_sums(board.values[first] - board.values[second], board.codes)
    if sums is None:
        return Difference(None, None, None, 0), None
    low, high = difference_interval(sums, board.seed) or (None, None)
    return Difference(sums.mean, low, high, sums.patches), sums


def _compare(
    board: _Board, pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[Comparison, ...], float | None]:
    """Return every pair compared, and the difference that could be found."""
    found = [_difference(board, *pair) for pair in pairs]
    tested = [index for index, (_, sums) in enumerate(found) if sums]
    shares = [sums.shares for _, sums in found if sums]
    p_values = sign_flip(np.stack(shares, axis=1), board.seed).tolist() if shares else []
    corrected = dict(zip(tested, zip(p_values, holm(p_values), strict=True), strict=True))
    comparisons = []
    for index, (pair, (difference, _)) in enumerate(zip(pairs, found, strict=True)):
        p_value, p_holm = corrected.get(index, (None, None))
        apart = board.values[pair[0]] - board.values[pair[1]]
        only = (int((apart == 1).sum()), int((apart == -1).sum()))
        single = board.layer is not None
        comparisons.append(
            Comparison(
                judge=board.judge,
                definition=board.definition,
                layer=board.layer,
                first=pair[0],
                second=pair[1],
                difference=difference.mean,
                low=difference.low,
                high=difference.high,
                n=difference.n,
                first_only=only[0] if single else None,
                second_only=only[1] if single else None,
                mcnemar_p=mcnemar(*only) if single else None,
                p_value=p_value,
                p_holm=p_holm,
            )
        )
    sizes = [
        _detectable(board, pair, sums, ALPHA / len(tested))
        for pair, (_, sums) in zip(pairs, found, strict=True)
        if sums
    ]
    known = [size for size in sizes if size is not None]
    return tuple(comparisons), median(known) if known else None


def _detectable(
    board: _Board, pair: tuple[str, str], sums: ImageSums, alpha: float
) -> float | None:
    """Return the difference of two lenses that would be found, at the spread they show."""
    if sums.images < 2 or sums.constant:
        return None
    apart = patch_means(board.values[pair[0]] - board.values[pair[1]])
    apart = apart[~np.isnan(apart)]
    images, n = sums.images, sums.patches
    between = float((sums.changes**2).sum()) * images / (images - 1) * (n - 1) / n
    effective = min(float(apart.var()) / between, float(n))
    return detectable_difference(effective, float((apart**2).mean()), alpha=alpha)


def _points(board: _Board, lenses: Sequence[str]) -> dict[str, float]:
    """Return the Borda points over layers; nothing at one layer."""
    if board.layer is not None:
        return {}
    by_layer: dict[str, list[float | None]] = {}
    for lens in lenses:
        scored = [column[~np.isnan(column)] for column in board.values[lens].T]
        by_layer[lens] = [float(each.mean()) if len(each) else None for each in scored]
    return borda(by_layer)
