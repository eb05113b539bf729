"""Correction of several tests that are read together."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from harness.core.errors import UsageError


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the p-values corrected for their number, in the order given.

    Definition: with the m values in rising order, the i-th (from 0) is multiplied by m - i, raised
    to the largest one before it, and cut at 1. Rejecting what is at most alpha then makes a false
    rejection in at most a share alpha of all families, whichever hypotheses are true and however
    the tests depend on each other. Degenerate: nothing for nothing; one value stays as it is.
    Reference: Holm 1979, Scand. J. Statist. 6(2).

    Raises:
        UsageError: a value is not between 0 and 1.
    """
    for value in p_values:
        if isnan(value) or not 0 <= value <= 1:
            raise UsageError(f"holm: p-value {value}: expected a number from 0 to 1")
    corrected = [0.0] * len(p_values)
    largest = 0.0
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for step, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - step) * p_values[index]))
        corrected[index] = largest
    return tuple(corrected)
