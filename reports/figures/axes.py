"""Axes of figures: round tick marks on linear and logarithmic scales, negative values included."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from reports.drawing import Scale, ceiling
from reports.figures.labels import MINUS, compact

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_DECADES: Final = 7
_SLACK: Final = 1e-9
_SMALL_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Axis:
    """A map from values to pixels with its tick marks."""

    scale: Scale
    """Map of values, or of their decimal logarithms."""
    ticks: tuple[float, ...]
    """Values with a mark."""
    labels: tuple[str, ...]
    """What is written at each mark."""
    log: bool = False
    """Whether the scale is logarithmic."""

    def __call__(self, value: float) -> float:
        """Return the pixel of ``value``, kept within the ends of the axis.

        Values of 0 or less lie at the low end of a logarithmic axis; ask :meth:`shows` first.
        """
        low, high = self.scale.low, self.scale.high
        if self.log:
            value = math.log10(value) if value > 0 else low
        return self.scale(min(max(value, low), high))

    def shows(self, value: float) -> bool:
        """Whether ``value`` has a place: 0 and less have none on a logarithmic axis."""
        return value > 0 or not self.log


def value_axis(
    values: Iterable[float],
    ends: tuple[float, float],
    *,
    given: tuple[float, float] | None = None,
    log: bool = False,
    count: int = 5,
) -> Axis:
    """Return an axis that holds all ``values``.

    Args:
        values: Estimates and ends of intervals that must be seen.
        ends: Pixels of the low and the high end.
        given: Ends wished for; moved outwards where a value would not be seen.
        log: Whether the axis is logarithmic; values of 0 and less then have no place.
        count: About how many tick marks.

    Without ``given``, shares (all values from 0 to 1) go from 0 to a round end of at most 1,
    and of at least 0.1 unless all are below 0.05; other values go from a round end to a round end
    that include 0, and logarithmic axes to the next 1, 2 or 5. No values at all: 0 to 1, or 1 to
    10.
    """
    known = [value for value in values if value > 0 or not log]
    if given is not None:
        known += [end for end in given if end > 0 or not log]
    if log:
        return _log_axis(known or [1.0, 10.0], ends, exact=given is not None)
    if given is not None:
        low, high = min(known), max(known)
    elif not known:
        low, high = 0.0, 1.0
    elif min(known) >= 0 and _SMALL_SHARE <= max(known) <= 1:
        low, high = 0.0, ceiling(max(known))
    else:
        low, high = _round_out(min(0.0, *known), max(0.0, *known), count)
    return numeric_axis(low, high, ends, count)


def numeric_axis(low: float, high: float, ends: tuple[float, float], count: int = 5) -> Axis:
    """Return a linear axis from ``low`` to ``high`` with round marks between them."""
    ticks = linear_ticks(low, high, count)
    return Axis(Scale(low, high, *ends), tuple(ticks), tuple(tick_labels(ticks)))


def linear_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return about ``count`` round values from ``low`` to ``high``, which may be negative."""
    step = _step(low, high, count)
    if not step:
        return [low]
    first, last = math.ceil(low / step - _SLACK), math.floor(high / step + _SLACK)
    digits = max(0, min(300, 1 - math.floor(math.log10(step)) + 1))
    return [round(step * index, digits) + 0.0 for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return round values on a logarithmic axis: decades, or 1, 2 and 5 where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = max(1, math.ceil((last - first) / _MOST_DECADES))
    factors = (1.0, 2.0, 5.0) if last - first <= 2 else (1.0,)
    found = [
        float(f"{factor:g}e{decade}")
        for decade in range(first, last + 1, every)
        for factor in factors
    ]
    return [
        value for value in found if low * (1 - _SLACK) <= value <= high * (1 + _SLACK) and value
    ]


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Return what is written at linear ``ticks``: as many decimals as they need, all the same."""
    largest = max((abs(tick) for tick in ticks), default=0.0)
    smallest = min((abs(tick) for tick in ticks if tick), default=1.0)
    if largest >= 1e4 or smallest < 1e-4:
        return [compact(tick) for tick in ticks]
    for decimals in range(6):
        texts = [f"{tick:.{decimals}f}" for tick in ticks]
        if all(
            abs(float(text) - tick) <= _SLACK * largest
            for text, tick in zip(texts, ticks, strict=True)
        ):
            break
    texts = ["0" if tick == 0 else text for text, tick in zip(texts, ticks, strict=True)]
    return [text.replace("-", MINUS) for text in texts]


def _log_axis(values: Sequence[float], ends: tuple[float, float], *, exact: bool) -> Axis:
    low, high = min(values), max(values)
    if not exact or low == high:
        low, high = _one_two_five(low, up=False), _one_two_five(high, up=True)
    if low == high:
        low, high = low / 2, high * 2
    ticks = log_ticks(low, high)
    scale = Scale(math.log10(low), math.log10(high), *ends)
    return Axis(scale, tuple(ticks), tuple(compact(tick) for tick in ticks), log=True)


def _one_two_five(value: float, *, up: bool) -> float:
    """Return the next 1, 2 or 5 times a power of ten at or beyond ``value``."""
    decade = math.floor(math.log10(value))
    steps = [float(f"{factor}e{decade + shift}") for shift in (0, 1) for factor in (1, 2, 5)]
    if up:
        return next(step for step in steps if step >= value * (1 - _SLACK))
    return max((step for step in steps if 0 < step <= value * (1 + _SLACK)), default=value)


def _step(low: float, high: float, count: int) -> float:
    raw = (high - low) / count
    if raw <= 0 or math.log10(raw) < -300:
        return 0.0
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * factor for factor in _STEPS if power * factor >= raw * (1 - _SLACK))


def _round_out(low: float, high: float, count: int) -> tuple[float, float]:
    step = _step(low, high, count)
    if not step:
        return low, high or 1.0
    ends = math.floor(low / step + _SLACK) * step, math.ceil(high / step - _SLACK) * step
    return ends[0] + 0.0, ends[1] + 0.0
