"""Intervals by resampling whole images: items of one image are not independent of each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import sqrt
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.errors import UsageError
from harness.core.rng import keyed_rng
from harness.core.student import t_quantile

Floats: TypeAlias = npt.NDArray[np.float64]
"""Numbers; the shape is told where it is used."""

DRAWS = 2000
"""Bootstrap resamples."""

METHOD = "image bootstrap"
"""Name of the interval as a reader sees it."""

MOST_CLUSTERS = 1000
"""Clusters resampled one by one; more of them are first put together into as many groups."""

LEAST_DEFINED = 0.9
"""Share of the draws in which a figure must be defined for it to have an interval."""


def cluster_sums(values: Floats, clusters: Sequence[str]) -> Floats:
    """Return the sum of ``values`` [n, k] per cluster, [clusters, k], clusters sorted by name.

    Raises:
        ValueError: there are not as many names of clusters as rows.
    """
    if len(values) != len(clusters):
        raise ValueError(f"{len(values)} rows of values and {len(clusters)} names of clusters")
    names, codes = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    columns = [np.bincount(codes, column, minlength=len(names)) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.zeros((len(names), 0))


def cluster_interval(
    sums: Floats,
    statistic: Callable[[Floats], Floats],
    *,
    seed: int = 0,
    draws: int = DRAWS,
    confidence: float = 0.95,
) -> tuple[float, float] | None:
    """Return the expanded percentile interval of a figure that is a function of sums over clusters.

    Definition: every draw takes as many clusters as there are, G, with replacement, and computes
    the figure from their summed rows; the ends are quantiles of the drawn figures. Plain
    percentiles give too narrow an interval with few clusters, so the ends are put where a normal
    distribution has the tails of t * sqrt(G / (G - 1)). The degrees of freedom of t are those of a
    variance estimated from G influences, 2 G / (kurtosis - 1) and never more than G - 1, with the
    kurtosis of the changes that leaving out each cluster makes: where a few clusters decide, as
    with rare disagreements, the interval widens.
    More than 1000 clusters are put together at random into 1000 groups, which are resampled.
    Degenerate: None below two clusters with a sum that is not 0, and where the figure is undefined
    in more than 10 % of the draws; otherwise undefined draws are left out. A figure that no draw
    changes gives two equal ends: callers must not show that as certainty.
    Reference: Davison and Hinkley 1997, section 3.8 (clusters); Hesterberg 2015, Am. Statist. 69(4)
    (expansion); Satterthwaite 1946, Biometrics Bull. 2(6) (degrees of freedom).
    ``human_eval/COVERAGE.md`` has its coverage.

    Args:
        sums: Row of sums for each cluster, [clusters, k]. Another order of the rows gives other
            draws, so sort clusters by name.
        statistic: Figure of each of many summed rows, [draws, k] to [draws]; NaN where undefined.
        seed: Seed of the resampling.
        draws: Number of resamples.
        confidence: Probability content, inside (0, 1).

    Raises:
        UsageError: a confidence outside (0, 1).
    """
    if not 0 < confidence < 1:
        raise UsageError(f"confidence={confidence}: expected a number between 0 and 1")
    used = _grouped(sums[np.any(sums != 0, axis=1)], seed)
    clusters = len(used)
    if clusters < 2:
        return None
    drawn = statistic(_resamples(clusters, draws, seed) @ used)
    defined = drawn[np.isfinite(drawn)]
    if len(defined) < LEAST_DEFINED * draws:
        return None
    degrees = _degrees(statistic(used.sum(axis=0) - used))
    t = t_quantile(0.5 + confidence / 2, min(degrees, clusters - 1))
    tail = NormalDist().cdf(-t * sqrt(clusters / (clusters - 1)))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def _grouped(sums: Floats, seed: int) -> Floats:
    """Return the sums of at most ``MOST_CLUSTERS`` groups of clusters, so that draws stay small."""
    if len(sums) <= MOST_CLUSTERS:
        return sums
    order = keyed_rng("groups of images", len(sums), seed).permutation(len(sums))
    return np.stack(
        [sums[order[first::MOST_CLUSTERS]].sum(axis=0) for first in range(MOST_CLUSTERS)]
    )


def _degrees(left_out: Floats) -> int:
    """Return the degrees of freedom of a variance, from the figures without each cluster, [G]."""
    changes = left_out[np.isfinite(left_out)]
    changes = changes - changes.mean() if len(changes) else changes
    squares = changes**2
    if not squares.any():
        return len(left_out)
    excess = float((squares**2).mean() / squares.mean() ** 2) - 1
    # The kurtosis is at least 1; exactly 1 means that all changes are of one size.
    return max(1, int(2 * len(changes) / excess)) if excess > 2 / len(changes) else len(left_out)


@lru_cache(maxsize=8)
def _resamples(clusters: int, draws: int, seed: int) -> Floats:
    """Return how often each draw takes each cluster, [draws, clusters].

    The last few are kept: the figures of one report share their images and seed.
    """
    rng = keyed_rng("image bootstrap", clusters, draws, seed)
    counts = rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=draws)
    weights = counts.astype(np.float64)
    weights.flags.writeable = False
    return weights
