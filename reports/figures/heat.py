"""Heat maps: a table of values as shades, with the values in the cells where they fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reports.drawing import element, text, titled
from reports.figures.axes import value_axis
from reports.figures.canvas import canvas, nothing
from reports.figures.describe import heat_text
from reports.figures.labels import (
    MINUS,
    NARROWER_THAN,
    figure_text,
    isolated,
    shorten,
    text_width,
)
from reports.figures.marks import rotated
from reports.figures.records import HeatMap

_CELL: Final = (64.0, 32.0)
_LEAST_ROW: Final = 18.0
_SIZE: Final = 12.0
_BAR_STEPS: Final = 24
_UPRIGHT: Final = 170.0


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the cells lie, in pixels, and what the shades mean."""

    left: float
    top: float
    cell: float
    row: float
    upright: bool
    low: float
    high: float

    def shade(self, value: float) -> tuple[str, str]:
        """Return the class of a shade and how strong it is."""
        if self.low < 0 < self.high:
            limit = max(-self.low, self.high)
            kind = "heat-low" if value < 0 else "heat"
            return kind, f"{min(1.0, abs(value) / limit):.3f}"
        span = self.high - self.low
        return "heat", f"{min(1.0, max(0.0, (value - self.low) / span)) if span else 0:.3f}"


def draw_heat(heat: HeatMap, ident: str, width: float) -> str:
    """Draw one square per value, first row at the bottom, with a bar that explains the shades.

    Shades go from the paper's colour at 0 (or at the lowest value if that is negative) to the full
    colour at a round number; if ``heat.diverging``, from 0 to two colours. Where there is no
    value, a dash stands on an empty frame. Values are written into the cells if all of them fit.
    """
    known = [value for row in heat.values for value in row if value is not None]
    if not known:
        return nothing(ident, heat.title, width)
    grid = _grid(heat, known, width)
    right = grid.left + grid.cell * len(heat.columns)
    bottom = grid.top + grid.row * len(heat.rows)
    body = [text(shorten(heat.y_label, width - 8, _SIZE), 2, 13, class_="axis")]
    written = [[_cell_text(heat, value) for value in row] for row in heat.values]
    fits = all(text_width(t, _SIZE) <= grid.cell - 2 for row in written for t in row)
    for i, name in enumerate(heat.rows):
        y = bottom - grid.row * (i + 1)
        body.append(_row_name(name, grid, y))
        for j, value in enumerate(heat.values[i]):
            tip = f"{isolated(name)}, {isolated(heat.columns[j])}: "
            box = (grid.left + grid.cell * j, y, grid.cell, grid.row)
            body.append(_cell(grid, box, value, written[i][j] if fits else "", tip))
    names, below = _column_names(heat, grid, bottom)
    body += names
    label = shorten(heat.x_label, width - grid.left, _SIZE)
    body.append(text(label, (grid.left + right) / 2, below, class_="axis", text_anchor="middle"))
    if width - right >= 96:
        body.append(_bar(heat, grid, (right + 24, grid.top), 14, bottom - grid.top))
    else:
        body.append(_bar(heat, grid, (grid.left, below + 14), min(180.0, right - grid.left), 12))
        below += 44
    return canvas(ident, heat.title, heat_text(heat), (width, below + 8), body)


def _grid(heat: HeatMap, known: Sequence[float], width: float) -> _Grid:
    wide = width >= NARROWER_THAN
    names = max(text_width(name, _SIZE) for name in heat.rows)
    left = min(names, 0.3 * width if wide else width * 0.3) + 14
    cell = min(_CELL[0], (width - left - 8) / len(heat.columns))
    if wide and cell < _CELL[0]:
        cell = (width - left - 96) / len(heat.columns)
    row = min(_CELL[1], max(_LEAST_ROW, cell))
    upright = max(text_width(name, _SIZE) for name in heat.columns) > cell - 4
    low, high = min(known), max(known)
    if heat.diverging:
        limit = value_axis([max(abs(low), abs(high))], (0, 1)).scale.high
        low, high = -limit, limit
    else:
        axis = value_axis([low, high], (0, 1))
        low, high = axis.scale.low, axis.scale.high
    return _Grid(left, 24.0, cell, row, upright, low, high)


def _cell_text(heat: HeatMap, value: float | None) -> str:
    if value is None:
        return "–"
    if heat.percent:
        shown = f"{value * 100:.0f}"
    else:
        shown = f"{value:.2f}" if abs(value) < 100 else figure_text(value)
    shown = shown.replace("-", MINUS)
    if float(shown.replace(MINUS, "-").replace(",", "")) == 0:
        return shown.removeprefix(MINUS)
    return f"+{shown}" if heat.diverging and value > 0 else shown


def _cell(
    grid: _Grid, box: tuple[float, float, float, float], value: float | None, said: str, tip: str
) -> str:
    x, y, width, height = box
    place = {"x": x + 0.5, "y": y + 0.5, "width": width - 1, "height": height - 1}
    if value is None:
        square = element("rect", titled(tip + "none"), class_="frame", **place)
    else:
        kind, strength = grid.shade(value)
        square = element(
            "rect", titled(tip + figure_text(value)), class_=kind, fill_opacity=strength, **place
        )
    if not said:
        return square
    middle = x + width / 2, y + height / 2 + 4
    return square + text(said, *middle, class_="inside", text_anchor="middle")


def _row_name(name: str, grid: _Grid, y: float) -> str:
    shown = shorten(name, grid.left - 10, _SIZE)
    whole = titled(name) if shown != name else ""
    at = y + grid.row / 2 + 4
    return element("g", whole + text(shown, grid.left - 8, at, class_="tick", text_anchor="end"))


def _column_names(heat: HeatMap, grid: _Grid, bottom: float) -> tuple[list[str], float]:
    """Write the column headings, upright where they are too wide; return where the next line is."""
    if not grid.upright:
        return [
            text(
                name,
                grid.left + grid.cell * (j + 0.5),
                bottom + 17,
                class_="tick",
                text_anchor="middle",
            )
            for j, name in enumerate(heat.columns)
        ], bottom + 36
    every = max(1, -(-13 // max(1, int(grid.cell))))
    parts = []
    for j, name in enumerate(heat.columns):
        if j % every:
            continue
        x, y = grid.left + grid.cell * (j + 0.5) + 4, bottom + 8
        shown = shorten(name, _UPRIGHT, _SIZE)
        whole = titled(name) if shown != name else ""
        turned = text(shown, x, y, class_="tick", text_anchor="end", transform=rotated(x, y, -90))
        parts.append(element("g", whole + turned))
    longest = max(text_width(shorten(name, _UPRIGHT, _SIZE), _SIZE) for name in heat.columns)
    return parts, bottom + longest + 28


def _bar(heat: HeatMap, grid: _Grid, at: tuple[float, float], width: float, height: float) -> str:
    """Draw the shades from the lowest to the highest value, with the ends (and 0) written."""
    x, y = at
    standing = height > width
    parts = []
    for index in range(_BAR_STEPS):
        value = grid.low + (grid.high - grid.low) * (index + 0.5) / _BAR_STEPS
        kind, strength = grid.shade(value)
        if standing:
            step = height / _BAR_STEPS
            place = {"x": x, "y": y + height - step * (index + 1), "width": width, "height": step}
        else:
            step = width / _BAR_STEPS
            place = {"x": x + step * index, "y": y, "width": step, "height": height}
        parts.append(element("rect", class_=f"{kind} seamless", fill_opacity=strength, **place))
    parts.append(element("rect", class_="frame", x=x, y=y, width=width, height=height))
    marks = [grid.low, grid.high]
    if grid.low < 0 < grid.high:
        marks.insert(1, 0.0)
    for value in marks:
        share = (value - grid.low) / (grid.high - grid.low) if grid.high > grid.low else 0.0
        said = f"{value * 100:g} %" if heat.percent else f"{value:g}"
        said = said.replace("-", MINUS)
        if standing:
            level = y + height * (1 - share)
            parts.append(
                text(said, x + width + 6, min(max(level + 4, y + 10), y + height), class_="tick")
            )
        else:
            parts.append(
                text(said, x + width * share, y + height + 15, class_="tick", text_anchor="middle")
            )
    return "".join(parts)
