"""How well scores order hits before misses, within strata, with intervals that resample images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.core.bootstrap import Floats, cluster_interval
from reports.image_sums import Codes
from reports.sections.estimates import UNDEFINED, Estimate, estimate, per_image, ratio
from reports.stats import Interval, wilson

_OVERLAP: Final = 2.0
"""A pair depends on two items, so a change of one image's weight changes pairs from both sides."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Items with a score and a verdict, all arrays of one length n."""

    scores: Floats
    """Score, higher is better."""
    hits: Floats
    """1 for a hit, 0 for a miss."""
    strata: npt.NDArray[np.int64]
    """Items are compared with items of the same stratum only."""
    images: Codes
    """Index of each item's image, images sorted by name so that draws do not depend on order."""


class Bin(NamedTuple):
    """Items of similar rank."""

    rank: float
    """Mean rank, 0 to 1."""
    rate: float
    """Share of hits."""
    interval: Interval | None
    """Its 95 % interval."""
    n: int
    """Items."""


def ranks(values: Floats, strata: npt.NDArray[np.int64]) -> Floats:
    """Return the rank of each value within its stratum, [n], inside (0, 1).

    Definition: (smaller values + half of the equal ones, itself among them) / values of the
    stratum; equal values have equal ranks.
    """
    found = np.empty(len(values))
    for stratum in np.unique(strata):
        own = strata == stratum
        found[own] = _below(values[own], values[own]) / own.sum()
    return found


def auc(items: Scored, seed: int) -> Estimate:
    """Return how often a hit has a higher score than a miss of the same stratum.

    Definition: of all pairs of a hit and a miss in one stratum, the share in which the hit has the
    higher score, equal scores counting half: 1 for scores that separate, 0.5 for scores that say
    nothing. Every pair has the same weight. The interval resamples whole images: the share is
    replaced by its first-order expansion in the weights of the images, which is exact for one
    image's change. Degenerate: undefined without such a pair; no interval below two images, or
    where scores separate fully.
    Reference: Harrell, Lee and Mark 1996, Statist. Med. 15(4) (concordance); Obuchowski 1997,
    Biometrics 53(2) (clusters).
    """
    wins, pairs = np.zeros(len(items.scores)), np.zeros(len(items.scores))
    for stratum in np.unique(items.strata):
        own = items.strata == stratum
        hit, miss = own & (items.hits == 1), own & (items.hits == 0)
        wins[hit] = _below(items.scores[hit], items.scores[miss])
        wins[miss] = _below(-items.scores[miss], -items.scores[hit])
        pairs[hit], pairs[miss] = miss.sum(), hit.sum()
    total = float(pairs.sum())
    if total == 0:
        return UNDEFINED
    value = float(wins.sum()) / total

    def expansion(sums: Floats) -> Floats:
        return value + _OVERLAP * (ratio(sums) - value)

    columns = np.stack([wins, pairs], axis=1)
    return estimate(value, columns, items.images, expansion, (0.0, 1.0), seed)


def correlation(first: Floats, second: Floats, items: Scored, seed: int) -> Estimate:
    """Return Spearman's rank correlation of two quantities of ``items``, ranked within strata.

    Definition: Pearson's correlation of the two :func:`ranks`, all strata together. The interval
    resamples whole images and keeps the ranks. Degenerate: undefined where either is constant in
    every stratum, and no interval where every image gives the same.
    """
    x, y = ranks(first, items.strata) - 0.5, ranks(second, items.strata) - 0.5
    columns = np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1)
    value = float(_pearson(columns.sum(axis=0, keepdims=True))[0])
    if not np.isfinite(value):
        return UNDEFINED
    return estimate(value, columns, items.images, _pearson, (-1.0, 1.0), seed)


def binned(items: Scored, bins: int, seed: int) -> tuple[Bin, ...]:
    """Return the share of hits by rank of the score within its stratum, lowest first.

    Bin b holds the items with ranks in [b / bins, (b + 1) / bins); equal scores are never split,
    so bins are of about, not exactly, equal size, and empty ones are left out. Intervals resample
    whole images; where all items of a bin are hits, or none, it is Wilson's with n = images.
    """
    rank = ranks(items.scores, items.strata)
    place = np.minimum((rank * bins).astype(np.int64), bins - 1)
    return tuple(
        _bin(rank[own], items.hits[own], items.images[own], seed)
        for own in (place == each for each in range(bins))
        if own.any()
    )


def _bin(rank: Floats, hits: Floats, images: Codes, seed: int) -> Bin:
    rate = float(hits.mean())
    columns = np.stack([hits, np.ones(len(hits))], axis=1)
    sums = per_image(columns, images)
    interval: Interval | None = None
    if rate in (0.0, 1.0):
        held = int(np.any(sums != 0, axis=1).sum())
        interval = wilson(held if rate else 0, held)
    elif (ends := cluster_interval(sums, ratio, seed=seed)) is not None:
        interval = Interval(*ends)
    return Bin(float(rank.mean()), rate, interval, len(hits))


def _below(values: Floats, others: Floats) -> npt.NDArray[Any]:
    """Return how many of ``others`` are below each value, [n]; equal ones count half."""
    ordered = np.sort(others)
    left = np.searchsorted(ordered, values, side="left")
    return (left + np.searchsorted(ordered, values, side="right")) / 2


def _pearson(sums: Floats) -> Floats:
    """Return the correlation from sums of 1, x, y, xx, yy and xy, [draws, 6]; NaN if constant."""
    n, x, y, xx, yy, xy = sums.T
    shared = n * xy - x * y
    spread = (n * xx - x * x) * (n * yy - y * y)
    found: Floats = np.full(len(sums), np.nan)
    # Rounding leaves a little of the spread of constant ranks.
    np.divide(shared, np.sqrt(np.maximum(spread, 0)), out=found, where=spread > 1e-9 * n**4)
    return np.clip(found, -1.0, 1.0)
