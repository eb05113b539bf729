"""Means over layers as sums over images: what every interval and test of the board is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.bootstrap import Floats
from harness.core.student import t_quantile

Values: TypeAlias = npt.NDArray[np.floating[Any]]
"""Outcomes of one image: [patches] or [patches, layers]; 1 hit, 0 miss, NaN unscored."""

Codes: TypeAlias = npt.NDArray[np.intp]
"""Number of the image of each patch, images in the order of their names."""

_ROUNDING: Final = 1e-12
"""A spread of this size or less is one of rounding."""

_TAIL: Final = 0.975


@dataclass(frozen=True, slots=True)
class ImageSums:
    """A mean over layers, and what each image brings to it."""

    mean: float
    """Mean over layers of the mean over the scored patches of a layer; each layer has one vote."""
    shares: Floats
    """Contribution of each image, [images]; they add up to ``mean``."""
    weights: Floats
    """Share of each image in the scored cells, [images]; they add up to 1."""
    changes: Floats
    """How far each image pulls the mean away from where it is, [images]; they add up to 0."""
    patches: int
    """Patches with at least one scored layer."""
    cells: int
    """Scored patches times layers."""

    @property
    def images(self) -> int:
        """Images with a scored patch."""
        return int((self.weights > 0).sum())

    @property
    def constant(self) -> bool:
        """Whether every image gives the same figure, so that no draw of images changes it."""
        return bool(np.abs(self.changes).max() <= _ROUNDING)

    @property
    def rows(self) -> Floats:
        """Two sums per image, [images, 2], whose ratio is the mean and is as uncertain.

        Without unscored cells they are hits and cells. With them, the first column holds what the
        image changes in the mean of layers, to first order, instead of its hits.
        """
        return np.stack([self.changes + self.mean * self.weights, self.weights], axis=1)


def image_codes(images: Sequence[str]) -> Codes:
    """Return the number of each patch's image, [patches], images numbered by their sorted names."""
    _, codes = np.unique(np.asarray(images, dtype=np.str_), return_inverse=True)
    return codes


def image_sums(values: Values, codes: Codes) -> ImageSums | None:
    """Return the mean of ``values`` with its sums over images; None if nothing is scored.

    Definition: the mean of a layer is that over its scored patches, and the mean is that of the
    layers with at least one: each layer has one vote, however many of its patches are scored.

    Args:
        values: [patches] or [patches, layers], NaN for unscored.
        codes: Image of each patch, [patches].
    """
    grid = values if values.ndim > 1 else values[:, None]
    scored = ~np.isnan(grid)
    totals = scored.sum(axis=0)
    used = totals > 0
    if not used.any():
        return None
    filled = np.where(scored, grid, 0.0)
    rates = filled.sum(axis=0) / np.maximum(totals, 1)
    mean = float(rates[used].mean())
    votes = np.where(used, 1.0 / (used.sum() * np.maximum(totals, 1)), 0.0)
    present = scored.astype(np.float64)
    shares = _by_image(codes, filled @ votes)
    return ImageSums(
        mean=mean,
        shares=shares,
        weights=_by_image(codes, present @ votes),
        changes=shares - _by_image(codes, present @ (votes * rates)),
        patches=int(scored.any(axis=1).sum()),
        cells=int(totals.sum()),
    )


def _by_image(codes: Codes, values: Values) -> Floats:
    return np.asarray(np.bincount(codes, values), dtype=np.float64)


def patch_means(values: Values) -> Values:
    """Return one value per patch, [patches]: the mean over its scored layers, NaN if there is none.

    ``values`` is [patches] (returned as it is) or [patches, layers].
    """
    if values.ndim == 1:
        return values
    scored = ~np.isnan(values)
    counts = scored.sum(axis=1)
    means: Values = np.full(len(values), np.nan)
    np.divide(np.where(scored, values, 0.0).sum(axis=1), counts, out=means, where=counts > 0)
    return means


def sums_by_image(values_by_image: Mapping[str, Values]) -> ImageSums | None:
    """Return the sums of outcomes that are given image by image; see :func:`image_sums`."""
    groups = [values_by_image[image] for image in sorted(values_by_image)]
    if not groups:
        return None
    codes = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return image_sums(np.concatenate(groups), codes)


def effective_n(sums: ImageSums) -> float:
    """Return how many independent patches would give an interval as wide as images give.

    Definition: p (1 - p) over the variance of the rate p between images, which is G / (G - 1)
    times the sum of the squared changes that the G images make; for one layer that is n over the
    design effect. It is multiplied by (t(n - 1) / t(G - 1))^2, the 97.5 % quantiles, as the
    variance itself is known from G images only, and is never more than the scored cells. It is
    exactly their number where each image has one. For a mean over layers it may exceed the
    patches: layers of one patch are not copies of each other.
    Degenerate: where every image gives the same rate (no hits, all hits) or there is one image,
    nothing tells how far images differ, and images are counted as one patch each.
    Reference: Kish 1965, Survey Sampling, section 8.2; Korn and Graubard 1998, Survey
    Methodology 24(2).

    Args:
        sums: Of outcomes from 0 to 1.
    """
    images, n = sums.images, sums.patches
    if images == sums.cells or images < 2 or sums.constant:
        return float(images)
    variance = float((sums.changes**2).sum()) * images / (images - 1) * (n - 1) / n
    found = sums.mean * (1 - sums.mean) / variance * (_quantile(n - 1) / _quantile(images - 1)) ** 2
    return min(found, float(sums.cells))


def _quantile(degrees: int) -> float:
    """Return the upper 97.5 % quantile of t."""
    return t_quantile(_TAIL, degrees) if degrees < 10**6 else NormalDist().inv_cdf(_TAIL)
