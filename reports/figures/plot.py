"""The ground of a line chart: its axes, grid and hatched positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reports.drawing import element, text
from reports.figures.axes import Axis, numeric_axis, value_axis
from reports.figures.labels import NARROWER_THAN, position_text, shorten, text_width
from reports.figures.marks import hatching, is_control, is_published, label_size
from reports.figures.records import Line, LineChart, Mark

SAME_VECTOR: Final = "nearly the same vector as layer 0"
"""What the hatched positions are."""

LABEL_STEP: Final = 16.0
"""Least distance of two names at the ends of curves."""

MOST_LABEL: Final = 190.0
"""Widest name at the end of a curve, in pixels; longer ones are cut."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Where everything of a line chart lies, in pixels."""

    place: Mapping[float, float]
    """Every x to its pixel, from left to right."""
    measured: Mapping[float, int]
    """Every x of curves that are not published to its number, from left to right."""
    ticks: tuple[tuple[float, str], ...]
    """Marks of the horizontal axis."""
    y: Axis
    """Vertical axis."""
    left: float
    """Left end of the grid."""
    right: float
    """Right end."""
    top: float
    """Upper end."""
    bottom: float
    """Lower end."""


def seen(chart: LineChart, mark: Mark) -> bool:
    """Whether a mark has a place: 0 and less have none on a logarithmic axis."""
    return mark.y > 0 or not chart.log


def banded(line: Line) -> bool:
    """Whether the intervals of a line are drawn as a band."""
    return not is_control(line.style) and not is_published(line.style)


def lay_out(chart: LineChart, lines: Sequence[Line], width: float) -> Plot:
    """Return the places of a chart whose ``lines`` all have a mark that is seen."""
    wide = width >= NARROWER_THAN
    names = max(text_width(line.name, label_size(line.style)) for line in lines)
    height = max(380.0, LABEL_STEP * len(lines) + 90) if wide else 310.0
    top = 50.0 if chart.shaded else 28.0
    marks = [mark for line in lines for mark in line.marks if seen(chart, mark)]
    values = [mark.y for mark in marks]
    if chart.y_range is None:
        ends = [(m.low, m.high) for line in lines if banded(line) for m in line.marks]
        values += [end for pair in ends for end in pair if end is not None]
    y = value_axis(values, (height - 44, top), given=chart.y_range, log=chart.log)
    left = max(text_width(label, 12) for label in y.labels) + 14
    right = width - (min(names, MOST_LABEL) + 50 if wide else 14)
    xs = sorted({mark.x for mark in marks} | set(chart.shaded))
    if chart.categorical:
        pad = min(26.0, (right - left) / (2 * len(xs)))
        step = (right - left - 2 * pad) / max(len(xs) - 1, 1)
        place = {x: left + pad + step * index for index, x in enumerate(xs)}
        if len(xs) == 1:
            place = {xs[0]: (left + right) / 2}
        ticks = _thinned([(place[x], position_text(x)) for x in xs])
    else:
        across = numeric_axis(xs[0], xs[-1], (left + 10, right - 10), 8 if wide else 4)
        place = {x: across(x) for x in xs}
        ticks = [(across(x), name) for x, name in zip(across.ticks, across.labels, strict=True)]
    own = [line for line in lines if not is_published(line.style)]
    numbered = enumerate(sorted({m.x for line in own for m in line.marks if seen(chart, m)}))
    measured = {x: number for number, x in numbered}
    return Plot(place, measured, tuple(ticks), y, left, right, top, height - 44)


def ground(chart: LineChart, ident: str, plot: Plot) -> list[str]:
    """Draw hatching, grid, tick marks and the names of the axes."""
    body = _shading(chart, ident, plot)
    room = plot.right - plot.left
    body.append(text(shorten(chart.y_label, room, 12), 2, 13, class_="axis"))
    for value, name in zip(plot.y.ticks, plot.y.labels, strict=True):
        at = plot.y(value)
        style = "zero" if value == 0 else "grid"
        body.append(element("line", class_=style, x1=plot.left, x2=plot.right, y1=at, y2=at))
        body.append(text(name, plot.left - 8, at + 4, class_="tick", text_anchor="end"))
    for at, name in plot.ticks:
        body.append(text(name, at, plot.bottom + 18, class_="tick", text_anchor="middle"))
    label = shorten(chart.x_label, room, 12)
    middle = (plot.left + plot.right) / 2
    body.append(text(label, middle, plot.bottom + 36, class_="axis", text_anchor="middle"))
    return body


def apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move positions apart to at least ``gap``, as little as can be, within the ends.

    The order is kept. The sum of squared moves is the least (isotonic regression by pooling
    neighbours); where there is no room, positions are spread evenly over all of it.
    """
    if len(wanted) > 1:
        gap = min(gap, (high - low) / (len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    pools: list[tuple[float, int]] = []
    for rank, index in enumerate(order):
        total, count = wanted[index] - rank * gap, 1
        while pools and pools[-1][0] * count >= total * pools[-1][1]:
            before, members = pools.pop()
            total, count = total + before, count + members
        pools.append((total, count))
    levels = [total / count for total, count in pools for _ in range(count)]
    ceiling = high - gap * (len(wanted) - 1)
    placed = [0.0] * len(wanted)
    for rank, index in enumerate(order):
        placed[index] = min(max(levels[rank], low), ceiling) + rank * gap
    return placed


def _thinned(ticks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return the marks whose names do not run into the one before."""
    kept: list[tuple[float, str]] = []
    free = float("-inf")
    for at, name in ticks:
        half = text_width(name, 12) / 2
        if at - half >= free:
            kept.append((at, name))
            free = at + half + 6
    return kept


def _shading(chart: LineChart, ident: str, plot: Plot) -> list[str]:
    """Draw the hatched positions, neighbours as one field, and say above them what they are."""
    if not chart.shaded:
        return []
    body = [element("defs", hatching(ident))]
    at = list(plot.place.values())
    marked = [x in chart.shaded for x in plot.place]
    start = 0
    while start < len(at):
        stop = start
        while stop < len(at) and marked[stop] == marked[start]:
            stop += 1
        if marked[start]:
            low = plot.left if start == 0 else (at[start - 1] + at[start]) / 2
            high = plot.right if stop == len(at) else (at[stop - 1] + at[stop]) / 2
            body.append(_hatched(ident, low, plot.top, high - low, plot.bottom - plot.top))
        start = stop
    body.append(_hatched(ident, 2, 23, 22, 12))
    body.append(text(f"hatched: {SAME_VECTOR}", 32, 33, class_="axis"))
    return body


def _hatched(ident: str, x: float, y: float, width: float, height: float) -> str:
    return element(
        "rect",
        class_="same",
        fill=f"url(#{ident}-same)",
        x=x,
        y=y,
        width=width,
        height=height,
    )
