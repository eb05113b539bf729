"""The learning rate over a training: linear warm-up, then a cosine down to a floor."""

from __future__ import annotations

import math


def learning_rate(step: int, *, peak: float, warmup: int, steps: int, floor: float) -> float:
    """Return the learning rate of an update.

    The last warm-up step and the one after it have the full rate, the last of all the floor
    (Loshchilov and Hutter 2017, without restarts).

    Args:
        step: Number of the update, 0 for the first.
        peak: Highest learning rate.
        warmup: Updates of the warm-up; the first has the rate ``peak / warmup``.
        steps: Updates of the whole training.
        floor: Share of ``peak`` that the last update has.
    """
    done = step + 1
    if done <= warmup:
        return peak * done / warmup
    cosine = 0.5 * (1 + math.cos(math.pi * (done - warmup) / (steps - warmup)))
    return peak * (floor + (1 - floor) * cosine)
