"""A count among others as a share with its interval."""

from __future__ import annotations

from harness.core.records import Record
from reports.stats import Interval, wilson


class Share(Record):
    """So many of so many."""

    count: int
    """How many."""
    n: int
    """Of how many."""
    share: float | None
    """count / n; None if n is 0."""
    low: float | None = None
    """Lower end of the 95 % interval; None where there is none."""
    high: float | None = None
    """Upper end of it."""


def plain_share(count: int, n: int, interval: Interval | None = None) -> Share:
    """Return ``count`` of ``n`` with the interval given, if any."""
    if n == 0:
        return Share(count=0, n=0, share=None)
    low, high = interval or (None, None)
    return Share(count=count, n=n, share=count / n, low=low, high=high)


def wilson_share(count: int, n: int) -> Share:
    """Return ``count`` of ``n`` with Wilson's interval, which takes them as independent."""
    return plain_share(count, n, wilson(count, n) if n else None)
