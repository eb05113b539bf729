"""Rates and mean differences of weighted items in images, each with an interval or a reason."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from harness.core.agreement import Estimate
from harness.core.bootstrap import METHOD, Floats, cluster_interval, cluster_sums
from harness.core.student import t_quantile
from harness.core.wilson import score_interval

RATE_METHOD = "Wilson, effective n of images"
"""Name of the interval of a rate."""

_Z = NormalDist().inv_cdf(0.975)

_ROUNDING = 1e-12
"""An interval of this width or less is one of rounding."""


def rate(values: Floats, weights: Floats, clusters: Sequence[str], *, seed: int = 0) -> Estimate:
    """Return the weighted share of ones, with Wilson's interval at an effective number of items.

    Definition: sum of w y / sum of w. Its variance between images is that of the linearised ratio,
    G / (G - 1) times the sum over images of (sum of w (y - rate))^2, over (sum of w)^2. The
    effective n is what gives simple random sampling the same variance, rate (1 - rate) / variance,
    but never more than the items there are; it is multiplied by (z / t)^2, t with G - 1 degrees of
    freedom, as the variance itself is estimated from G images. Wilson's interval then never has
    zero width and stays inside [0, 1].
    Degenerate: undefined without a counted value. No interval for a single image. Where all
    counted values are equal nothing can be said about the variance: the effective n is the
    effective number of images (sum of W)^2 / sum of W^2 of their weights W, as if items of an
    image were copies of each other; the interval is then wide rather than wrong.
    Reference: Wilson 1927, JASA 22(158); Korn and Graubard 1998, Survey Methodology 24(2);
    Dean and Pagano 2015, J. Surv. Stat. Methodol. 3(4); Kish 1965 for the effective number.

    Args:
        values: 1 or 0, [n]; NaN is not counted.
        weights: Weight of each value, [n]; a value of weight 0 is not counted.
        clusters: Image of each value, [n].
        seed: Not used: the interval needs no draws; it is there so that all figures are called
            alike.
    """
    counted = ~np.isnan(values) & (weights > 0)
    n = int(counted.sum())
    if n == 0:
        return Estimate(estimate=None, reason="nothing to count")
    y, w = values[counted], weights[counted]
    names = [name for name, used in zip(clusters, counted, strict=True) if used]
    share = float(y[0] if y.min() == y.max() else (w * y).sum() / w.sum())
    sums = cluster_sums(np.stack([w * y, w], axis=1), names)
    if len(sums) < 2:
        return Estimate(estimate=share, n=n, reason="all items are of one image")
    interval = score_interval(share, _effective(sums, share, n))
    return Estimate(estimate=share, interval=interval, n=n, method=RATE_METHOD)


def mean_difference(
    values: Floats, weights: Floats, clusters: Sequence[str], *, seed: int = 0
) -> Estimate:
    """Return the weighted mean of differences in [-1, 1], with an image bootstrap interval.

    Definition: sum of w d / sum of w; interval as :func:`harness.core.bootstrap.cluster_interval`.
    Degenerate: undefined without a counted value. No interval for a single image, and none where
    all differences are equal: no draw could differ, and that is no certainty.

    Args:
        values: Difference of two outcomes for each item, such as judge - people, [n]; NaN is not
            counted.
        weights: Weight of each item, [n]; an item of weight 0 is not counted.
        clusters: Image of each item, [n].
        seed: Seed of the resampling.
    """
    counted = ~np.isnan(values) & (weights > 0)
    n = int(counted.sum())
    if n == 0:
        return Estimate(estimate=None, reason="nothing to count")
    d, w = values[counted], weights[counted]
    names = [name for name, used in zip(clusters, counted, strict=True) if used]
    if d.min() == d.max():
        return Estimate(
            estimate=float(d[0]), n=n, reason=f"every difference is {d[0]:g}: its spread is unknown"
        )
    mean = float((w * d).sum() / w.sum())
    sums = cluster_sums(np.stack([w * d, w], axis=1), names)
    if len(sums) < 2:
        return Estimate(estimate=mean, n=n, reason="all items are of one image")
    interval = cluster_interval(sums, _ratio, seed=seed)
    if interval is None or interval[1] - interval[0] <= _ROUNDING:
        return Estimate(estimate=mean, n=n, reason="all images have the same mean")
    return Estimate(estimate=mean, interval=interval, n=n, method=METHOD)


def _ratio(sums: Floats) -> Floats:
    """Return the first column over the second, [draws, 2] to [draws]; weights are positive."""
    ratio: Floats = sums[:, 0] / sums[:, 1]
    return ratio


def _effective(sums: Floats, share: float, n: int) -> float:
    """Return the effective number of items of a rate; ``sums`` are of w y and w, [images, 2]."""
    images, totals = len(sums), sums[:, 1]
    if not 0 < share < 1:
        return float(totals.sum() ** 2 / (totals**2).sum())
    residuals = sums[:, 0] - share * totals
    variance = images / (images - 1) * float((residuals**2).sum()) / float(totals.sum()) ** 2
    spread = share * (1 - share)
    effective = n if variance * n <= spread else spread / variance
    return effective * (_Z / t_quantile(0.975, images - 1)) ** 2
