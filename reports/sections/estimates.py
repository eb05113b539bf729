"""Figures of items with their intervals, for which whole images are resampled."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from harness.core.bootstrap import Floats, cluster_interval
from reports.image_sums import Codes


class Estimate(NamedTuple):
    """A figure with its 95 % interval; None where undefined."""

    value: float | None
    low: float | None
    high: float | None


UNDEFINED = Estimate(None, None, None)
"""Of nothing."""


def per_image(columns: Floats, images: Codes) -> Floats:
    """Return the sums of ``columns`` [n, k] per image, [images, k].

    Args:
        columns: Values of n items.
        images: Number of each item's image, images numbered by their sorted names, [n].
    """
    return np.stack([np.bincount(images, column) for column in columns.T], axis=1)


def ratio(sums: Floats) -> Floats:
    """Return the first over the second of ``sums`` [draws, 2], NaN where that is 0."""
    found: Floats = np.full(len(sums), np.nan)
    np.divide(sums[:, 0], sums[:, 1], out=found, where=sums[:, 1] != 0)
    return found


def estimate(
    value: float,
    columns: Floats,
    images: Codes,
    statistic: Callable[[Floats], Floats],
    limits: tuple[float, float],
    seed: int,
) -> Estimate:
    """Return a figure with the interval of :func:`harness.core.bootstrap.cluster_interval`.

    Degenerate: no interval below two images, or where every draw gives the same figure, which is
    no certainty.

    Args:
        value: The figure itself.
        columns: What the figure is made from, item by item, [n, k].
        images: Number of each item's image, [n].
        statistic: The figure of summed columns, [draws, k] to [draws].
        limits: Least and largest value that the figure can have.
        seed: Seed of the resampling.
    """
    ends = cluster_interval(per_image(columns, images), statistic, seed=seed)
    if ends is None or ends[0] == ends[1]:
        return Estimate(value, None, None)
    low, high = np.clip(ends, *limits)
    return Estimate(value, float(low), float(high))


def image_mean(values: Floats, images: Codes, limits: tuple[float, float], seed: int) -> Estimate:
    """Return the mean of ``values`` [n]; undefined without any."""
    if not len(values):
        return UNDEFINED
    columns = np.stack([values, np.ones(len(values))], axis=1)
    return estimate(float(values.mean()), columns, images, ratio, limits, seed)
