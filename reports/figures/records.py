"""What a figure shows, as plain records: drawn for the page, written as a table, and exported."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from harness.core.records import Record


class Mark(Record):
    """One estimate with its interval; ``low`` and ``high`` are None where there is none."""

    x: float
    """Position on the horizontal axis, such as the layer."""
    y: float
    """Estimate."""
    low: float | None = None
    """Lower end of its interval."""
    high: float | None = None
    """Upper end."""
    note: str = ""
    """What else the reader should know of it, shown on hover and in the table."""


class Line(Record):
    """One lens, control, modality or published curve."""

    name: str
    """Name in the legend."""
    style: str
    """Style class: one of ``reports.templating.lens_styles``, or ``published`` for a curve of the
    paper (thin, dotted, behind the others), with the colour of the class after it if there is one:
    ``published lens-0``."""
    marks: tuple[Mark, ...]
    """Points by rising x."""


class LineChart(Record):
    """Lines over an axis of layers, ranks or scores."""

    kind: Literal["lines"] = "lines"
    """Discriminator."""
    name: str
    """Short unique name, such as ``drift``: file name and id."""
    title: str
    """Accessible title."""
    x_label: str
    """Horizontal axis, with its unit."""
    y_label: str
    """Vertical axis, with its unit."""
    lines: tuple[Line, ...]
    """Curves, most important first."""
    y_range: tuple[float, float] | None = None
    """Ends of the vertical axis; None: from the data (0 to a round end at most 1 for shares)."""
    log: bool = False
    """Whether the vertical axis is logarithmic."""
    categorical: bool = True
    """Whether every x gets its own tick, evenly spaced (layers), instead of a numeric axis."""
    shaded: tuple[float, ...] = ()
    """x positions marked as practically the same vector as layer 0."""


class HeatMap(Record):
    """A table of values as shades."""

    kind: Literal["heat"] = "heat"
    """Discriminator."""
    name: str
    """Short unique name."""
    title: str
    """Accessible title."""
    x_label: str
    """Columns, with their unit."""
    y_label: str
    """Rows, with their unit."""
    columns: tuple[str, ...]
    """Column headings, left to right."""
    rows: tuple[str, ...]
    """Row headings; the first is drawn at the bottom."""
    values: tuple[tuple[float | None, ...], ...]
    """[rows][columns]; None where there is none."""
    diverging: bool = False
    """Whether 0 is the middle of the shades (two colours) rather than their end."""
    percent: bool = True
    """Whether values are shares, written as per cent in the cells."""


class StackPart(Record):
    """One part of every bar, such as the share of concrete words."""

    name: str
    """Name in the legend."""
    style: str
    """Style class: ``concrete``, ``abstract``, ``global``, ``none``, ``unscored``, or a lens's."""
    values: tuple[float | None, ...]
    """Share by bar; None where there is none."""


class StackedBars(Record):
    """Shares that add up to at most 1, bar by bar."""

    kind: Literal["stack"] = "stack"
    """Discriminator."""
    name: str
    """Short unique name."""
    title: str
    """Accessible title."""
    x_label: str
    """What the bars are."""
    bars: tuple[str, ...]
    """Names of the bars."""
    groups: tuple[str, ...] = ()
    """Group of every bar, such as its lens; neighbours of one group stand together."""
    parts: tuple[StackPart, ...]
    """Parts from the bottom (or left) up."""


class Dots(Record):
    """One row per lens: an estimate with its interval, best first."""

    kind: Literal["dots"] = "dots"
    """Discriminator."""
    name: str
    """Short unique name."""
    title: str
    """Accessible title."""
    x_label: str
    """Axis, with its unit."""
    rows: tuple[Line, ...]
    """One mark each (x unused), or several of one name: the second and later ones are hollow."""
    split: int | None = None
    """Index of the first row that is set apart (controls)."""
    x_range: tuple[float, float] | None = None
    """Ends of the axis; None: from the data, including 0."""


Figure: TypeAlias = Annotated[LineChart | HeatMap | StackedBars | Dots, Field(discriminator="kind")]
"""Any figure."""


class Column(Record):
    """A column of a table."""

    name: str
    """Heading."""
    numeric: bool = False
    """Whether its values are numbers."""


class Table(Record):
    """A table of the page, equal to the one in ``report.json``."""

    name: str
    """Short unique name."""
    caption: str
    """What it shows."""
    columns: tuple[Column, ...]
    """Headings."""
    rows: tuple[tuple[str | int | float | None, ...], ...]
    """Values; None is shown as a dash."""
