"""Numbers and names as the findings of analyses write them."""

from __future__ import annotations

from collections.abc import Sequence


def percent(share: float) -> str:
    """Return a share, 0 to 1, as per cent with one decimal, and 0 without a sign."""
    return f"{round(100 * share, 1) + 0.0:.1f} %"


def points(difference: float) -> str:
    """Return a difference of shares in percentage points with one decimal."""
    return f"{round(100 * difference, 1) + 0.0:.1f} points"


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def counted(n: int, thing: str) -> str:
    """Return a count with its noun: ``1 layer``, ``2 layers``."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
