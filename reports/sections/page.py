"""An analysis as the page shows it."""

from __future__ import annotations

from harness.core.records import Record
from reports.figures.labels import slug
from reports.figures.page import DrawnFigure, drawn
from reports.figures.records import Table
from reports.sections.base import Analysis


class DrawnAnalysis(Record):
    """An analysis, ready for the template ``analyses.html.j2``."""

    ident: str
    """Id in the page, for links."""
    name: str
    """Registered name of the section."""
    title: str
    """Heading."""
    finding: str
    """What the figures say."""
    definition: str
    """How it is computed."""
    figures: tuple[DrawnFigure, ...]
    """Plots with their tables."""
    tables: tuple[Table, ...]
    """Further tables."""
    notes: tuple[str, ...]
    """What a reader must know before believing it."""


def drawn_analysis(analysis: Analysis, prefix: str) -> DrawnAnalysis:
    """Draw the figures of an analysis; ``prefix`` is unique in the page, such as one per run."""
    ident = slug(f"{prefix}-{analysis.name}")
    return DrawnAnalysis(
        ident=ident,
        name=analysis.name,
        title=analysis.title,
        finding=analysis.finding,
        definition=analysis.definition,
        figures=tuple(
            drawn(figure, f"{ident}-{index}") for index, figure in enumerate(analysis.figures)
        ),
        tables=analysis.tables,
        notes=analysis.notes,
    )
