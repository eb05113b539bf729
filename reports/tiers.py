"""Tiers and rank ranges: how far pairwise tests put lenses in order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

ALPHA: Final = 0.05
"""Two lenses are told apart if the p-value of their test, corrected by Holm, is at most this."""

_PLACES: Final = 12
"""Decimals that count: estimates that differ by less are one that was rounded differently."""


class Place(NamedTuple):
    """Where a lens stands among the others."""

    tier: int
    """1 for the lenses that cannot be told from the best one, and so on."""
    best_rank: int
    """1 + lenses that are ahead of it beyond chance."""
    worst_rank: int
    """Number of lenses less those that are behind it beyond chance."""


def places(estimates: Mapping[str, float], ahead: Collection[tuple[str, str]]) -> dict[str, Place]:
    """Return tier and rank range of each lens, best tier first.

    Definition: tier 1 holds the lens with the highest estimate and every lens that the tests do
    not put behind it; tier 2 the best of the others and all that the tests do not put behind that
    one; and so on. The best lens of a tier is what its members are compared with, never the last
    one taken in, so that a chain of small steps does not put everybody into one tier. Of several
    lenses that share the highest estimate none is the best by its name: a lens is in a later tier
    only if every one of them is ahead of it. A lens of a later tier is therefore behind the best
    of every earlier tier beyond chance, and if no lens differs, a second tier is as rare as any
    false entry in ``ahead``. Members of one tier need not be equal to each other, and tiers need
    not follow the estimates: with uneven data a lens can stay with the best one although a lens
    with a higher estimate does not.
    The ranks come from ``ahead`` alone. Degenerate: one lens is (1, 1, 1).
    Reference: rank ranges as in Goldstein and Spiegelhalter 1996, JRSS A 159(3), here by corrected
    pairwise tests.

    Args:
        estimates: Lens to its estimate.
        ahead: (first, second) for each pair in which the corrected test puts ``first`` ahead.
    """
    decided = set(ahead)
    left = {lens: round(estimate, _PLACES) for lens, estimate in estimates.items()}
    found: dict[str, Place] = {}
    tier = 0
    while left:
        tier += 1
        top = max(left.values())
        best = [lens for lens, estimate in left.items() if estimate == top]
        members = [
            lens
            for lens, estimate in left.items()
            if estimate == top or not all((leader, lens) in decided for leader in best)
        ]
        for lens in members:
            behind = sum((other, lens) in decided for other in estimates)
            beaten = sum((lens, other) in decided for other in estimates)
            found[lens] = Place(tier, 1 + behind, len(estimates) - beaten)
            del left[lens]
    return found
