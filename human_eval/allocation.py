"""How many cells to draw from each group: whole numbers that add up to what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from harness.core.ids import digest

K = TypeVar("K", str, tuple[str, ...])


def equal_shares(total: int, sizes: Mapping[str, int], seed: int) -> dict[str, int]:
    """Return how many of ``total`` each group gives: equally many, as far as it has them.

    What cannot be divided goes to groups in a keyed order, and what a group does not have to the
    others. The shares add up to ``total`` unless all groups together have less.

    Args:
        total: Number wanted.
        sizes: Number that each group has.
        seed: Seed of the keyed order.
    """
    shares = dict.fromkeys(sizes, 0)
    left = min(total, sum(sizes.values()))
    while left:
        unfilled = [name for name in sizes if shares[name] < sizes[name]]
        unfilled.sort(key=lambda name: digest(["equal share", seed, name]))
        each = max(1, left // len(unfilled))
        for name in unfilled[:left]:
            given = min(each, sizes[name] - shares[name])
            shares[name] += given
            left -= given
    return shares


def proportional_shares(total: int, sizes: Mapping[K, int], seed: int) -> dict[K, int]:
    """Return how many of ``total`` each stratum gives: in proportion, and at least one.

    A stratum whose part is below one gives one, and the others divide the rest in proportion, by
    largest remainders, ties in a keyed order. No stratum gives more than it has.
    Reference: Cochran 1977, Sampling Techniques, section 5.5 (proportional allocation).

    Args:
        total: Number wanted, from the number of strata to the sum of their sizes.
        sizes: Size of each stratum, at least 1.
        seed: Seed of the keyed order.

    Raises:
        ValueError: ``total`` is outside this range.
    """
    left, size = total, sum(sizes.values())
    if not len(sizes) <= total <= size:
        raise ValueError(f"{total} of {size} cells in {len(sizes)} strata")
    shares: dict[K, int] = {}
    rest = dict(sizes)
    while small := [name for name, count in rest.items() if left * count < size]:
        shares.update(dict.fromkeys(small, 1))
        rest = {name: count for name, count in rest.items() if name not in shares}
        left, size = total - len(shares), sum(rest.values())
    parts = {name: divmod(left * count, size) for name, count in rest.items()}
    shares.update({name: part for name, (part, _) in parts.items()})
    order = sorted(parts, key=lambda name: (-parts[name][1], digest(["remainder", seed, name])))
    for name in order[: total - sum(shares.values())]:
        shares[name] += 1
    return shares
