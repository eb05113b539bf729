"""A test of two lenses that takes images, not patches, as independent."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from harness.core.bootstrap import Floats
from harness.core.rng import keyed_rng

DRAWS: Final = 9999
"""Random assignments of signs where they are too many to try them all."""

_ALL: Final = 12
"""Images up to which every assignment of signs is tried."""

_MOST: Final = 200
"""Images that are flipped one by one; more of them are first put together into as many groups."""

_ROUNDING: Final = 1e-9
"""Share of the largest possible sum by which equal sums may differ."""


def sign_flip(shares: Floats, seed: int = 0, draws: int = DRAWS) -> Floats:
    """Return the two-sided p-value of each difference between two lenses, [differences].

    Definition: if the two lenses did equally well, it would be chance which of them stands first
    on an image, and the sign of an image's whole contribution could be turned without changing
    what is likely. The p-value is the share of assignments of signs to images whose absolute sum
    is at least the observed one. Up to 12 images that differ, all assignments are counted and the
    test is exact; otherwise it is (1 + as large) / (1 + draws) of random ones, which is valid as
    well and never below 1 / (1 + draws). Patches of an image may depend on each other in any way.
    With one patch per image it is McNemar's exact test. More than 200 images are put together at
    random into 200 groups. Degenerate: 1 where no image differs, and with G images that differ
    never below 2 / 2^G: five images cannot tell two lenses apart.
    Reference: Fisher 1935, The Design of Experiments, section 21; Phipson and Smyth 2010,
    Stat. Appl. Genet. Mol. Biol. 9(1) (random assignments); Hemerik, Goeman and Finos 2020,
    JRSS B 82(3) (validity of flipped contributions where lenses differ otherwise).

    Args:
        shares: Contribution of each image to each difference, [images, differences], images
            sorted by name.
        seed: Seed of the random assignments.
        draws: Number of random assignments.
    """
    grouped = _grouped(shares, seed)
    observed = np.abs(grouped.sum(axis=0))
    largest = np.abs(grouped).sum(axis=0)
    reached = observed - _ROUNDING * largest
    p_values = np.ones(grouped.shape[1])
    differing = (grouped != 0).sum(axis=0)
    for column in np.flatnonzero((differing > 0) & (differing <= _ALL)):
        used = grouped[:, column]
        sums = np.abs(_assignments(int(differing[column])) @ used[used != 0])
        p_values[column] = float((sums >= reached[column]).mean())
    many = differing > _ALL
    if many.any():
        sums = np.abs(_random_signs(len(grouped), draws, seed) @ grouped[:, many])
        p_values[many] = (1 + (sums >= reached[many]).sum(axis=0)) / (1 + draws)
    return p_values


def _grouped(shares: Floats, seed: int) -> Floats:
    if len(shares) <= _MOST:
        return shares
    order = keyed_rng("groups of flipped images", len(shares), seed).permutation(len(shares))
    return np.stack([shares[order[first::_MOST]].sum(axis=0) for first in range(_MOST)])


@lru_cache(maxsize=_ALL)
def _assignments(images: int) -> Floats:
    """Return all signs with the first one fixed: turning all of them changes no absolute sum."""
    codes = np.arange(2 ** (images - 1))[:, None] >> np.arange(images)
    signs = 1.0 - 2.0 * (codes & 1).astype(np.float64)
    signs.flags.writeable = False
    return signs


@lru_cache(maxsize=2)
def _random_signs(images: int, draws: int, seed: int) -> Floats:
    """Return random signs, [draws, images]; the last ones are kept for the boards of a run."""
    rng = keyed_rng("sign flips", images, draws, seed)
    signs = 1.0 - 2.0 * rng.integers(0, 2, size=(draws, images)).astype(np.float64)
    signs.flags.writeable = False
    return signs
