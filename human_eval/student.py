"""Quantiles of Student's t for whole degrees of freedom."""

from __future__ import annotations

from functools import lru_cache
from math import cos, pi, sin, sqrt, tan

_STEPS = 200
"""Halvings at most; the angle is exact to the last bit after about 60."""


@lru_cache(maxsize=1024)
def t_quantile(probability: float, degrees: int) -> float:
    """Return the t that Student's distribution with ``degrees`` exceeds with 1 - ``probability``.

    Definition: with t = sqrt(degrees) tan(angle), the probability between -t and t is a finite sum
    of powers of the angle's cosine; it is solved for the angle by halving.
    Reference: Abramowitz and Stegun 1964, equations 26.7.3 and 26.7.4.

    Raises:
        ValueError: ``degrees`` is below 1, or ``probability`` outside [0.5, 1).
    """
    if degrees < 1 or not 0.5 <= probability < 1:
        raise ValueError(
            f"t_quantile({probability}, {degrees}): expected a probability in [0.5, 1) and at "
            "least 1 degree of freedom"
        )
    wanted = 2 * probability - 1
    low, high = 0.0, pi / 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if _central(middle, degrees) < wanted:
            low = middle
        else:
            high = middle
    return sqrt(degrees) * tan(low)


def _central(angle: float, degrees: int) -> float:
    """Return the probability between -t and t, where t = sqrt(degrees) tan(angle)."""
    square = cos(angle) ** 2
    odd = degrees % 2
    if degrees == 1:
        return 2 * angle / pi
    term = cos(angle) if odd else 1.0
    total = term
    for power in range(2 + odd, degrees - 1, 2):
        term *= square * (power - 1) / power
        total += term
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total
