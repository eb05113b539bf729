"""Stacked bars: shares that add up to at most 1, in panels of upright bars or in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final

from reports.drawing import Scale, element, text, titled
from reports.figures.canvas import canvas, nothing
from reports.figures.describe import stack_text
from reports.figures.labels import (
    BOLD,
    NARROWER_THAN,
    figure_text,
    isolated,
    shorten,
    text_width,
)
from reports.figures.legend import Entry, legend
from reports.figures.marks import bar_fill, relation_patterns
from reports.figures.records import StackedBars, StackPart

_SIZE: Final = 12.0
_TICKS: Final = ((0.0, "0"), (0.5, "0.5"), (1.0, "1"))
_PANEL: Final = 240.0
_HIGH: Final = 130.0
_ROW: Final = 20.0


@dataclass(frozen=True, slots=True)
class _Panel:
    """The bars of one group."""

    name: str
    bars: tuple[int, ...]


def draw_stack(stack: StackedBars, ident: str, width: float) -> str:
    """Draw a panel of upright bars per group, or rows where the names of bars are long.

    Parts differ by pattern as well as by colour; a bar without any value has a dash.
    """
    if not any(value is not None for part in stack.parts for value in part.values):
        return nothing(ident, stack.title, width)
    panels = _panels(stack)
    parts = relation_patterns(ident, [part.style for part in stack.parts])
    body = [element("defs", parts)] if parts else []
    entries = [Entry(part.name, partial(_sample, ident, part)) for part in stack.parts]
    listed, height = legend(entries, 2, 0, width - 4)
    body.append(listed)
    draw = _upright if _short(stack, panels, width) else _rows
    drawn, bottom = draw(stack, ident, panels, height + 12, width)
    return canvas(ident, stack.title, stack_text(stack), (width, bottom), [*body, *drawn])


def _panels(stack: StackedBars) -> list[_Panel]:
    groups = stack.groups or ("",) * len(stack.bars)
    numbered = enumerate(groups)
    return [
        _Panel(name, tuple(index for index, _ in members))
        for name, members in groupby(numbered, key=lambda pair: pair[1])
    ]


def _columns(panels: Sequence[_Panel], width: float) -> int:
    return max(1, min(len(panels), int(width // _PANEL)))


def _short(stack: StackedBars, panels: Sequence[_Panel], width: float) -> bool:
    """Whether the names of bars fit below upright bars; of numbers some may be left out."""
    most = max(len(panel.bars) for panel in panels)
    room = (width / _columns(panels, width) - 52) / most
    longest = max(text_width(bar, _SIZE) for bar in stack.bars)
    return room >= 4 if longest <= 20 else longest + 8 <= room


def _sample(ident: str, part: StackPart, x: float, y: float) -> str:
    return element("rect", x=x, y=y - 6, width=22, height=12, **bar_fill(ident, part.style))


def _upright(
    stack: StackedBars, ident: str, panels: Sequence[_Panel], top: float, width: float
) -> tuple[list[str], float]:
    """Draw panels side by side; return the markup and the lower end."""
    columns = _columns(panels, width)
    share = width / columns
    headed = 20.0 if stack.groups else 4.0
    tall = headed + _HIGH + 40
    body = []
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        left, upper = column * share, top + row * tall
        y = Scale(0, 1, upper + headed + _HIGH, upper + headed)
        ends = (left + 30, left + share - 14)
        if panel.name:
            body.append(_heading(panel.name, left + 30, upper + 12, share - 44))
        for tick, name in _TICKS:
            style = "zero" if tick == 0 else "grid"
            at = y(tick)
            body.append(element("line", class_=style, x1=ends[0], x2=ends[1], y1=at, y2=at))
            body.append(text(name, left + 24, at + 4, class_="tick", text_anchor="end"))
        longest = max(text_width(stack.bars[bar], _SIZE) for bar in panel.bars)
        step = min((ends[1] - ends[0]) / len(panel.bars), max(48.0, longest + 8))
        free = 0.0
        for index, bar in enumerate(panel.bars):
            x = ends[0] + step * index
            body.append(_bar(stack, ident, bar, (x + step * 0.08, step * 0.84), y, upright=True))
            half = text_width(stack.bars[bar], _SIZE) / 2
            middle = x + step / 2
            if middle - half >= free:
                free = middle + half + 4
                body.append(
                    text(stack.bars[bar], middle, y(0) + 16, class_="tick", text_anchor="middle")
                )
        last = row == (len(panels) - 1) // columns or number + columns >= len(panels)
        if last:
            label = shorten(stack.x_label, share - 20, _SIZE)
            at = (ends[0] + ends[1]) / 2
            body.append(text(label, at, y(0) + 32, class_="axis", text_anchor="middle"))
    return body, top + tall * -(-len(panels) // columns)


def _rows(
    stack: StackedBars, ident: str, panels: Sequence[_Panel], top: float, width: float
) -> tuple[list[str], float]:
    """Draw bars from left to right below each other; return the markup and the lower end."""
    room = 240.0 if width >= NARROWER_THAN else width * 0.4
    left = min(max(text_width(bar, _SIZE) for bar in stack.bars), room) + 14
    x = Scale(0, 1, left, width - 14)
    body, at = [], top
    for panel in panels:
        if panel.name:
            body.append(_heading(panel.name, 2, at + 16, width - 4))
            at += 24
        for bar in panel.bars:
            name = stack.bars[bar]
            shown = shorten(name, left - 12, _SIZE)
            whole = titled(name) if shown != name else ""
            label = text(shown, left - 8, at + _ROW / 2 + 4, class_="tick", text_anchor="end")
            body.append(element("g", whole + label))
            body.append(_bar(stack, ident, bar, (at + 2, _ROW - 4), x, upright=False))
            at += _ROW
    grid = [
        element(
            "line", class_="zero" if tick == 0 else "grid", x1=x(tick), x2=x(tick), y1=top, y2=at
        )
        + text(name, x(tick), at + 17, class_="tick", text_anchor="middle")
        for tick, name in _TICKS
    ]
    label = shorten(f"share, by {stack.x_label}", width - 8, _SIZE)
    half = text_width(label, _SIZE) / 2
    middle = min((left + width - 14) / 2, width - half - 4)
    grid.append(text(label, middle, at + 35, class_="axis", text_anchor="middle"))
    return [*grid, *body], at + 44


def _heading(name: str, x: float, y: float, room: float) -> str:
    shown = shorten(name, room, BOLD)
    whole = titled(name) if shown != name else ""
    return element("g", whole + text(shown, x, y, class_="heading"))


def _bar(
    stack: StackedBars,
    ident: str,
    index: int,
    across: tuple[float, float],
    scale: Scale,
    *,
    upright: bool,
) -> str:
    """Draw the parts of a bar; ``across`` is where it starts and how thick it is."""
    start, thick = across
    where = isolated(stack.bars[index])
    if stack.groups:
        where = f"{isolated(stack.groups[index])}, {where}"
    parts, below = [], 0.0
    for part in stack.parts:
        value = part.values[index]
        if not value:
            continue
        ends = scale(min(below, 1.0)), scale(min(below + value, 1.0))
        below += value
        low, long = min(ends), abs(ends[1] - ends[0])
        place = (
            {"x": start, "y": low, "width": thick, "height": long}
            if upright
            else {"x": low, "y": start, "width": long, "height": thick}
        )
        tip = titled(f"{where}: {isolated(part.name)} {figure_text(value)}")
        parts.append(element("rect", tip, **place, **bar_fill(ident, part.style)))
    if all(part.values[index] is None for part in stack.parts):
        middle = start + thick / 2
        at = (middle, scale(0) - 6) if upright else (scale(0) + 10, middle + 4)
        none = text("–", *at, class_="tick", text_anchor="middle")
        parts.append(element("g", titled(f"{where}: none") + none))
    return "".join(parts)
