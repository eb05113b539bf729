"""Quantiles of Student's t."""

from __future__ import annotations


def t_quantile(probability: float, degrees: int) -> float:
    """Return the t that Student's distribution with ``degrees`` exceeds with 1 - ``probability``.

    Raises:
        ValueError: ``degrees`` is below 1, or ``probability`` outside [0.5, 1).
    """
    from scipy.special import stdtrit

    if degrees < 1 or not 0.5 <= probability < 1:
        raise ValueError(
            f"t_quantile({probability}, {degrees}): expected a probability in [0.5, 1) and at "
            "least 1 degree of freedom"
        )
    return float(stdtrit(degrees, probability))
