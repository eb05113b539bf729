"""A figure as the page shows it: drawn for wide and for narrow screens, with its table."""

from __future__ import annotations

from harness.core.records import Record
from reports.figures.draw import draw
from reports.figures.labels import slug
from reports.figures.records import Figure, Table
from reports.figures.tables import figure_table
from reports.templating import NARROW, WIDE


class DrawnFigure(Record):
    """A figure, ready for the macro ``figure`` of ``figure.html.j2``."""

    name: str
    """Short name of the figure."""
    title: str
    """Accessible title."""
    wide: str
    """SVG for desktops."""
    narrow: str
    """SVG for phones."""
    table: Table
    """The same values as text."""


def drawn(figure: Figure, prefix: str) -> DrawnFigure:
    """Draw a figure; ``prefix`` makes its ids unique in the page, together with its name."""
    ident = slug(f"{prefix}-{figure.name}")
    return DrawnFigure(
        name=figure.name,
        title=figure.title,
        wide=draw(figure, f"{ident}-wide", WIDE),
        narrow=draw(figure, f"{ident}-narrow", NARROW),
        table=figure_table(figure),
    )
