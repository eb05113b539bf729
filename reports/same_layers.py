"""Layers whose states are practically the vector that enters the first block."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from harness.core.measures import Measures
from reports.image_sums import Values

SAME: Final = 0.99
"""Mean cosine to layer 0 above which a layer is practically the same vector as layer 0."""


def same_layers(measures: Measures | None) -> tuple[int, ...]:
    """Return the visual layers above 0 whose states are practically those of layer 0.

    Definition: the mean over visual tokens of the cosine of a token's state with its own state at
    layer 0 is above :data:`SAME`. A lens reads the same vector there once more, so such layers are
    not further evidence. Degenerate: none without measurements or without layer 0 in the run.

    Args:
        measures: Measurements of the run; None if they were not made.
    """
    if measures is None:
        return ()
    drift = sorted(measures.visual_drift, key=lambda each: each.layer)
    return tuple(each.layer for each in drift if each.layer > 0 and each.spread.mean > SAME)


def distinct_mean(
    values: Values, layers: Sequence[int], same: Collection[int] = ()
) -> float | None:
    """Return the mean over layers that counts layers of the same vector once.

    Definition: layer 0 and the layers of ``same`` are averaged to one figure, which has one vote
    beside each other layer. Denominator: the scored patches of a layer; layers without any are
    left out. Degenerate: None if nothing is scored; the plain mean where ``same`` is empty.

    Args:
        values: Outcomes, [patches, layers], NaN for unscored.
        layers: Number of each layer, in the order of the columns.
        same: Layers of practically the same vector as layer 0, see :func:`same_layers`.
    """
    scored = ~np.isnan(values)
    votes: dict[int, list[float]] = {}
    for column, layer in enumerate(layers):
        if scored[:, column].any():
            rate = float(values[scored[:, column], column].mean())
            votes.setdefault(0 if layer in same else layer, []).append(rate)
    means = [sum(rates) / len(rates) for rates in votes.values()]
    return sum(means) / len(means) if means else None
