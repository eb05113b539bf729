"""Figures in words, for readers who cannot see them; the table beside a figure has every value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reports.figures.canvas import NOTHING
from reports.figures.labels import figure_text, mark_text, position_text
from reports.figures.records import Dots, HeatMap, Line, LineChart, StackedBars

_MOST: Final = 60
"""Values that are read out one by one; of more, only the ends and the extremes."""


def lines_text(chart: LineChart) -> str:
    """Return the curves of ``chart`` in words."""
    every = sum(len(line.marks) for line in chart.lines) <= _MOST
    said = "; ".join(_line(line, chart.x_label, every=every) for line in chart.lines)
    shaded = ", ".join(position_text(x) for x in chart.shaded)
    marked = f"; nearly the same vector as layer 0: {shaded}" if shaded else ""
    return f"{chart.y_label} by {chart.x_label}. {said}{marked}."


def heat_text(heat: HeatMap) -> str:
    """Return the rows of ``heat`` in words: all values if they are few, else the highest."""
    every = sum(len(row) for row in heat.values) <= _MOST
    said = []
    for name, row in zip(heat.rows, heat.values, strict=True):
        known = [
            (value, column)
            for value, column in zip(row, heat.columns, strict=True)
            if value is not None
        ]
        if not known:
            said.append(f"{name}: {NOTHING}")
        elif every:
            said.append(f"{name}: " + ", ".join(f"{c} {figure_text(v)}" for v, c in known))
        else:
            value, column = max(known, key=lambda pair: pair[0])
            said.append(f"{name}: highest {figure_text(value)} at {column}")
    return f"{heat.y_label} by {heat.x_label}. " + "; ".join(said) + "."


def stack_text(stack: StackedBars) -> str:
    """Return the bars of ``stack`` in words: all shares if they are few, else their ranges."""
    every = len(stack.parts) * len(stack.bars) <= _MOST
    said = []
    for part in stack.parts:
        known = [
            (value, _bar(stack, index))
            for index, value in enumerate(part.values)
            if value is not None
        ]
        if not known:
            said.append(f"{part.name}: {NOTHING}")
        elif every:
            said.append(f"{part.name}: " + ", ".join(f"{b} {figure_text(v)}" for v, b in known))
        else:
            low, high = min(known), max(known)
            said.append(
                f"{part.name}: from {figure_text(low[0])} at {low[1]} "
                f"to {figure_text(high[0])} at {high[1]}"
            )
    return f"Shares by {stack.x_label}. " + "; ".join(said) + "."


def dots_text(dots: Dots) -> str:
    """Return the rows of ``dots`` in words."""
    said = [
        f"{line.name}: " + (", ".join(mark_text(m) for m in line.marks) or NOTHING)
        for line in dots.rows
    ]
    return f"{dots.x_label}. " + "; ".join(said) + "."


def _bar(stack: StackedBars, index: int) -> str:
    group = f"{stack.groups[index]} " if stack.groups else ""
    return group + stack.bars[index]


def _line(line: Line, x_label: str, *, every: bool) -> str:
    if not line.marks:
        return f"{line.name}: {NOTHING}"
    if every:
        said = [f"{x_label} {position_text(m.x)} {mark_text(m)}" for m in line.marks]
        return f"{line.name}: " + ", ".join(said)
    return f"{line.name}: " + ", ".join(_extremes(line))


def _extremes(line: Line) -> Sequence[str]:
    first, last = line.marks[0], line.marks[-1]
    low = min(line.marks, key=lambda mark: mark.y)
    high = max(line.marks, key=lambda mark: mark.y)
    return [
        f"{what} {figure_text(mark.y)} at {position_text(mark.x)}"
        for what, mark in (("first", first), ("lowest", low), ("highest", high), ("last", last))
    ]
