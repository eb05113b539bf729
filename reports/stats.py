"""Intervals and tests: Wilson for one rate, whole-image bootstrap for means and differences.

Patches of one image are not independent of each other, so means and differences resample whole
images. Everything is seeded; no result depends on the order in which images are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import comb
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.errors import MismatchError, UsageError
from harness.core.wilson import score_interval

Values: TypeAlias = npt.NDArray[np.floating[Any]]
"""Outcomes of one image: [patches] or [patches, layers]; 1 hit, 0 miss, NaN unscored."""

DRAWS = 2000
"""Bootstrap resamples."""


class Interval(NamedTuple):
    """An interval of a rate or of a difference of rates."""

    low: float
    high: float


class Difference(NamedTuple):
    """Mean of ``a - b`` over the patches both were scored on, with its interval."""

    mean: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def differs(self) -> bool:
        """Whether the interval excludes 0; False where there is none."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def wilson(hits: int, n: int, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval of the rate ``hits / n``.

    Definition: all rates p for which the normal test of ``hits`` out of ``n`` against p is not
    rejected. Denominator: scored patches. Degenerate: for n = 0 nothing is known, [0, 1]; for
    0 or n hits one end is exactly 0 or 1. It takes the n outcomes as independent.
    Reference: Wilson 1927, JASA 22(158); Brown, Cai and DasGupta 2001, Statist. Sci. 16(2).

    Raises:
        UsageError: not 0 <= hits <= n, or a confidence outside (0, 1).
    """
    if not 0 <= hits <= n:
        raise UsageError(f"wilson: hits={hits} of n={n}: expected 0 <= hits <= n")
    if n == 0:
        return Interval(0.0, 1.0)
    return Interval(*score_interval(hits / n, n, _checked(confidence)))


def patch_means(values: Values) -> Values:
    """Return one value per patch, [patches]: the mean over its scored layers, NaN if there is none.

    ``values`` is [patches] (returned as it is) or [patches, layers].
    """
    if values.ndim == 1:
        return values
    scored = ~np.isnan(values)
    counts = scored.sum(axis=1)
    sums = np.where(scored, values, 0.0).sum(axis=1)
    means: Values = np.full(len(values), np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def cluster_bootstrap_mean(
    values_by_image: Mapping[str, Values],
    draws: int = DRAWS,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval | None:
    """Return the percentile interval of the mean over patches, resampling whole images.

    Definition: each draw takes as many images as there are, with replacement, with all their
    patches; the ends are quantiles of the drawn means. A patch's value is its mean over layers.
    Denominator: patches with at least one scored layer. Degenerate: None below two images with a
    scored patch; where all outcomes are 0 or all are 1 every draw agrees, so Wilson's interval
    with n = images is returned instead of one of no width.
    Reference: Davison and Hinkley 1997, section 3.8; Field and Welsh 2007, JRSS B 69(3).

    Args:
        values_by_image: Image id to outcomes, [patches] or [patches, layers], NaN for unscored.
        draws: Number of resamples.
        seed: Seed of the resampling.
        confidence: Probability content, inside (0, 1).
    """
    sums, counts = _totals([values_by_image[image] for image in sorted(values_by_image)])
    images = int((counts > 0).sum())
    if images < 2:
        return None
    if sums.sum() in (0.0, counts.sum()):
        return wilson(images if sums.sum() else 0, images, confidence)
    return _percentiles(sums, counts, draws, seed, confidence)


def paired_difference(
    a_by_image: Mapping[str, Values],
    b_by_image: Mapping[str, Values],
    draws: int = DRAWS,
    seed: int = 0,
    confidence: float = 0.95,
) -> Difference:
    """Return the mean of ``a - b`` over common cells, with a whole-image percentile interval.

    Definition: as :func:`cluster_bootstrap_mean`, of the difference at each patch and layer that
    is scored for both; the pairing removes what makes an image easy or hard for both.
    Denominator: patches with at least one layer scored for both. Degenerate: no mean without such
    a patch; no interval below two images; identical outcomes give exactly 0 with a width of 0.
    Reference: Koehn 2004, EMNLP (paired bootstrap); Field and Welsh 2007 (clusters).

    Raises:
        MismatchError: the two do not hold the same images with the same shapes.
    """
    if a_by_image.keys() != b_by_image.keys():
        raise MismatchError("paired_difference: a and b hold different images")
    differences: list[Values] = []
    for image in sorted(a_by_image):
        a, b = a_by_image[image], b_by_image[image]
        if a.shape != b.shape:
            raise MismatchError(
                f"paired_difference: image {image!r} has outcomes of shape {a.shape} in a and "
                f"{b.shape} in b; expected the same patches and layers"
            )
        differences.append(a - b)
    sums, counts = _totals(differences)
    n = int(counts.sum())
    if n == 0:
        return Difference(None, None, None, 0)
    mean = float(sums.sum() / n)
    if int((counts > 0).sum()) < 2:
        return Difference(mean, None, None, n)
    low, high = _percentiles(sums, counts, draws, seed, confidence)
    return Difference(mean, low, high, n)


def mcnemar(b: int, c: int) -> float:
    """Return the two-sided exact p-value for two lenses on the same patches.

    Definition: of the ``b + c`` patches on which the two disagree (``b`` hits of the first only,
    ``c`` of the second only), the chance of a split at least as uneven if each side were equally
    likely. Denominator: disagreeing patches. Degenerate: 1 if there are none. Patches are taken as
    independent.
    Reference: McNemar 1947, Psychometrika 12(2); exact form as in Fagerland et al. 2013.

    Raises:
        UsageError: a count is negative.
    """
    if b < 0 or c < 0:
        raise UsageError(f"mcnemar: b={b}, c={c}: counts cannot be negative")
    n = b + c
    tail = sum(comb(n, i) for i in range(min(b, c) + 1))
    return min(1.0, 2 * tail / (1 << n))


def _checked(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise UsageError(f"confidence={confidence}: expected a number between 0 and 1")
    return confidence


def _totals(groups: list[Values]) -> tuple[Values, Values]:
    """Return sum and number of scored patches per image, both [images]."""
    means = [patch_means(values) for values in groups]
    sums = np.array([float(np.nansum(values)) for values in means])
    counts = np.array([float((~np.isnan(values)).sum()) for values in means])
    return sums, counts


@lru_cache(maxsize=1)
def _resamples(images: int, draws: int, seed: int) -> npt.NDArray[np.int64]:
    """Return how often each draw takes each image, [draws, images].

    The last one is kept: the intervals of a board share images and seed.
    """
    weights = np.random.default_rng(seed).multinomial(images, [1 / images] * images, size=draws)
    weights.flags.writeable = False
    return weights


def _percentiles(
    sums: Values, counts: Values, draws: int, seed: int, confidence: float
) -> Interval:
    weights = _resamples(len(sums), draws, seed)
    drawn = weights @ counts
    # A draw without any scored patch has no mean; it can happen only where images went unscored.
    means = (weights @ sums)[drawn > 0] / drawn[drawn > 0]
    tail = (1 - _checked(confidence)) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(low), float(high))
