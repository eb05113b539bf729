"""Difference of two rates from samples that have nothing in common."""

from __future__ import annotations

from math import hypot
from statistics import NormalDist

from harness.core.records import Record


class Rate(Record):
    """An estimate with its 95 % interval, however that was made."""

    estimate: float
    """Rate, 0 to 1."""
    low: float
    """Lower end."""
    high: float
    """Upper end."""


class RateDifference(Record):
    """First rate minus second."""

    difference: float
    """Difference of the estimates, -1 to 1."""
    low: float | None
    """Lower end of the 95 % interval; None if it has no width."""
    high: float | None
    """Upper end of it."""
    p_value: float | None
    """Two-sided; below 0.05 exactly where the interval leaves out 0."""


def independent_difference(first: Rate, second: Rate) -> RateDifference:
    """Return the difference of two independent rates with its interval.

    Definition: with rates a and b and the ends of their own intervals, the lower end is
    a - b - sqrt((a - low of a)^2 + (high of b - b)^2) and the upper end the same with the other
    ends. With Wilson's intervals this is Newcombe's method 10. The p-value takes the half of the
    interval that points to 0 as 1.96 standard errors of a normal distribution.
    Degenerate: no interval and no p-value where the half towards 0 has no width.
    Source: Newcombe 1998, Statist. Med. 17, method 10; for any intervals Zou and Donner 2008,
    Statist. Med. 27(10).
    """
    difference = first.estimate - second.estimate
    below = hypot(first.estimate - first.low, second.high - second.estimate)
    above = hypot(first.high - first.estimate, second.estimate - second.low)
    toward_0 = below if difference >= 0 else above
    if not toward_0:
        return RateDifference(difference=difference, low=None, high=None, p_value=None)
    normal = NormalDist()
    z = abs(difference) / toward_0 * normal.inv_cdf(0.975)
    return RateDifference(
        difference=difference,
        low=difference - below,
        high=difference + above,
        p_value=2 * (1 - normal.cdf(z)),
    )
