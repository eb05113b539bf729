"""Coefficients on the items that two lists of verdicts have in common."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.agreement import Coefficients
from harness.core.bootstrap import Floats
from human_eval.agreement_tables import pair_coefficients
from human_eval.evidence import Evidence
from human_eval.rating_table import Codes

Mask: TypeAlias = npt.NDArray[np.bool_]
"""Which items, [items]."""


def common(weights: Floats, *lists: Floats) -> Mask:
    """Return which items have a weight above 0 and a verdict in every list, [items]."""
    used: Mask = weights > 0
    for found in lists:
        used = used & ~np.isnan(found)
    return used


def codes(found: Floats, used: Mask) -> Codes:
    """Return the verdicts of the items in ``used``, [used items]: 1 for a hit and 0 for a miss."""
    return found[used].astype(np.int64)


def agree_on(evidence: Evidence, first: Floats, second: Floats, weights: Floats) -> Coefficients:
    """Return the coefficients of two lists of verdicts on the items that both have.

    Args:
        evidence: The items, for their images.
        first: Verdicts, [items]: 1, 0, or NaN for none.
        second: Verdicts likewise.
        weights: Weight of each item, [items]; items of weight 0 are left out.
    """
    used = common(weights, first, second)
    return pair_coefficients(
        codes(first, used),
        codes(second, used),
        2,
        weights[used],
        evidence.images(used),
        seed=evidence.seed,
    )
