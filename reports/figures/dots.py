"""Dot plots: one row per lens, its estimate with its interval, best first."""

from __future__ import annotations

from typing import Final

from reports.drawing import element, text, titled
from reports.figures.axes import Axis, value_axis
from reports.figures.canvas import canvas, nothing
from reports.figures.describe import dots_text
from reports.figures.labels import (
    NARROWER_THAN,
    figure_text,
    isolated,
    mark_text,
    shorten,
    text_width,
)
from reports.figures.marks import classes, label_size
from reports.figures.records import Dots, Line, Mark

_GAP: Final = 14.0
_BETWEEN: Final = 16.0
_NOT_SCORED: Final = "not scored"


def draw_dots(dots: Dots, ident: str, width: float) -> str:
    """Draw one row per line: full dots for its first mark, hollow ones below for the others.

    Rows from ``dots.split`` on are set apart by a rule. A row without a mark says so.
    """
    if not any(row.marks for row in dots.rows):
        return nothing(ident, dots.title, width)
    wide = width >= NARROWER_THAN
    names = max(text_width(row.name, label_size(row.style)) for row in dots.rows)
    values = max(text_width(said, 12) for row in dots.rows for said in _values(row))
    left = min(names, 0.4 * width) + 20 if wide else 14.0
    right = width - (values + 20 if wide else 16.0)
    x = value_axis(
        [v for row in dots.rows for m in row.marks for v in (m.y, m.low, m.high) if v is not None],
        (left, right),
        given=dots.x_range,
        count=5 if wide else 3,
    )
    top, at, body = 8.0, 8.0, []
    for index, row in enumerate(dots.rows):
        if index and index == dots.split:
            rule = at + _GAP / 2
            body.append(element("line", class_="rule", x1=0, x2=width, y1=rule, y2=rule))
            at += _GAP
        lines = max(len(row.marks), 1)
        body.append(_row(row, x, (at, width), wide=wide))
        at += (14.0 if wide else 28.0) + _BETWEEN * lines
    grid = "".join(
        element(
            "line", class_="zero" if tick == 0 else "grid", x1=x(tick), x2=x(tick), y1=top, y2=at
        )
        + text(name, x(tick), at + 18, class_="tick", text_anchor="middle")
        for tick, name in zip(x.ticks, x.labels, strict=True)
    )
    label = shorten(dots.x_label, width - 8, 12)
    half = text_width(label, 12) / 2
    middle = min(max((left + right) / 2, half + 4), width - half - 4)
    below = text(label, middle, at + 38, class_="axis", text_anchor="middle")
    return canvas(ident, dots.title, dots_text(dots), (width, at + 48), [grid, *body, below])


def _values(row: Line) -> list[str]:
    """Return what is written beside a row, a line for each of its marks."""
    if not row.marks:
        return [_NOT_SCORED]
    return [_value(mark, hollow=index > 0) for index, mark in enumerate(row.marks)]


def _value(mark: Mark, *, hollow: bool) -> str:
    if hollow and mark.note:
        return f"{figure_text(mark.y)} {shorten(mark.note, 120, 12)}"
    return mark_text(mark)


def _row(row: Line, x: Axis, place: tuple[float, float], *, wide: bool) -> str:
    """Draw a row that starts at ``place[0]`` in a figure ``place[1]`` wide."""
    top, width = place
    values = _values(row)
    high = _BETWEEN * len(values)
    first = top + (7.0 if wide else 24.0) + _BETWEEN / 2
    name_at = (x.scale.start - 12, top + 7 + high / 2 + 4) if wide else (4.0, top + 14)
    brief = values[0] if len(values) == 1 else " · ".join(figure_text(m.y) for m in row.marks)
    room = x.scale.start - 14 if wide else width - 20 - text_width(brief, 12)
    shown = shorten(row.name, room, label_size(row.style))
    parts = [
        titled(row.name) if shown != row.name else "",
        text(
            shown,
            *name_at,
            class_=classes("label", row.style),
            text_anchor="end" if wide else "start",
        ),
    ]
    if not wide:
        parts.append(text(brief, width - 4, top + 14, class_="value", text_anchor="end"))
    for index, said in enumerate(values):
        level = first + _BETWEEN * index
        if wide:
            parts.append(text(said, x.scale.stop + 14, level + 4, class_="value"))
        if row.marks:
            parts.append(_mark(row, row.marks[index], x, level, hollow=index > 0))
    return element("g", "".join(parts))


def _mark(row: Line, mark: Mark, x: Axis, level: float, *, hollow: bool) -> str:
    parts = []
    if mark.low is not None and mark.high is not None:
        parts.append(
            element(
                "line",
                class_=classes("whisker", row.style),
                x1=x(mark.low),
                x2=x(mark.high),
                y1=level,
                y2=level,
            )
        )
    note = f" ({mark.note})" if mark.note else ""
    tip = titled(f"{isolated(row.name)}: {mark_text(mark)}{note}")
    style = classes("dot hollow" if hollow else "dot", row.style)
    parts.append(element("circle", tip, class_=style, cx=x(mark.y), cy=level, r=5))
    return "".join(parts)
