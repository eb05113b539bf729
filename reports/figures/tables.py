"""The table behind each figure: the same values, as numbers."""

from __future__ import annotations

from collections.abc import Sequence

from reports.figures.records import (
    Column,
    Dots,
    Figure,
    HeatMap,
    Line,
    LineChart,
    StackedBars,
    Table,
)

Cell = str | int | float | None


def figure_table(figure: Figure) -> Table:
    """Return the table with every value of ``figure``.

    Curves and dots have a row per mark, and columns for the interval and the note only if a mark
    has them; heat maps have a row per row; bars have a row each. Curves without a mark and missing
    values are shown as None.
    """
    if isinstance(figure, LineChart):
        return _table(figure, *_lines(figure))
    if isinstance(figure, HeatMap):
        return _table(figure, *_heat(figure))
    if isinstance(figure, StackedBars):
        return _table(figure, *_stack(figure))
    return _table(figure, *_dots(figure))


def _table(figure: Figure, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Table:
    return Table(
        name=figure.name,
        caption=figure.title,
        columns=tuple(columns),
        rows=tuple(tuple(row) for row in rows),
    )


def _lines(chart: LineChart) -> tuple[list[Column], list[list[Cell]]]:
    columns = [Column(name="curve"), Column(name=chart.x_label, numeric=True)]
    rows: list[list[Cell]] = []
    for line in chart.lines:
        rows += [[line.name, _whole(mark.x)] for mark in line.marks] or [[line.name, None]]
    marked: list[Column] = []
    if chart.shaded:
        marked = [Column(name="nearly the same vector as layer 0")]
    more, values = _marks(chart.lines, chart.y_label)
    found = [[*row, *value] for row, value in zip(rows, values, strict=True)]
    if marked:
        found = [[*row, "yes" if row[1] in chart.shaded else ""] for row in found]
    return [*columns, *more, *marked], found


def _dots(dots: Dots) -> tuple[list[Column], list[list[Cell]]]:
    rows: list[list[Cell]] = []
    for line in dots.rows:
        rows += [[line.name] for _ in line.marks] or [[line.name]]
    more, values = _marks(dots.rows, dots.x_label)
    return [Column(name="row"), *more], [
        [*row, *value] for row, value in zip(rows, values, strict=True)
    ]


def _marks(lines: Sequence[Line], label: str) -> tuple[list[Column], list[list[Cell]]]:
    """Return estimate, interval and note of every mark of every line."""
    marks = [mark for line in lines for mark in line.marks]
    ranged = any(mark.low is not None or mark.high is not None for mark in marks)
    noted = any(mark.note for mark in marks)
    columns = [Column(name=label, numeric=True)]
    columns += [Column(name=end, numeric=True) for end in ("low", "high") if ranged]
    columns += [Column(name="note")] if noted else []
    rows: list[list[Cell]] = []
    for line in lines:
        for mark in line.marks:
            row: list[Cell] = [mark.y]
            row += [mark.low, mark.high] if ranged else []
            row += [mark.note] if noted else []
            rows.append(row)
        if not line.marks:
            rows.append([None] * len(columns))
    return columns, rows


def _heat(heat: HeatMap) -> tuple[list[Column], list[list[Cell]]]:
    columns = [Column(name=f"{heat.y_label} \\ {heat.x_label}")]
    columns += [Column(name=name, numeric=True) for name in heat.columns]
    rows = [[name, *values] for name, values in zip(heat.rows, heat.values, strict=True)]
    return columns, rows


def _stack(stack: StackedBars) -> tuple[list[Column], list[list[Cell]]]:
    columns = [Column(name="group")] if stack.groups else []
    columns += [Column(name=stack.x_label)]
    columns += [Column(name=part.name, numeric=True) for part in stack.parts]
    rows: list[list[Cell]] = []
    for index, bar in enumerate(stack.bars):
        row: list[Cell] = [stack.groups[index], bar] if stack.groups else [bar]
        rows.append(row + [part.values[index] for part in stack.parts])
    return columns, rows


def _whole(x: float) -> float | int:
    return int(x) if x == int(x) else x
