"""The two figures of a result: means over layers as dots, and the rate by layer as curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reports.board import BoardRow
from reports.figures.records import Dots, Figure, Line, LineChart, Mark
from reports.ranking import RankedLens
from reports.templating import lens_styles
from reports.view import Panel, ReportView, RunView


def ranking_dots(run: RunView, panel: Panel, styles: Mapping[str, str]) -> Dots:
    """Return the means over layers of all lenses, best first, then those of the controls."""
    rows = panel.overall.rows
    return Dots(
        name=f"mean-{panel.judge}-{panel.definition}",
        title=f"{run.model}: mean over layers, {panel.definition}, judge {panel.judge}",
        x_label="share of patches, mean over layers",
        rows=tuple(Line(name=r.lens, style=styles[r.lens], marks=_mean(r)) for r in rows),
        split=next((i for i, row in enumerate(rows) if row.kind == "control"), None),
    )


def layer_chart(
    run: RunView, panel: Panel, rows: Sequence[BoardRow], styles: Mapping[str, str]
) -> LineChart:
    """Return the rate at each layer of all lenses and controls, with the intervals of the board."""
    ours = [
        row
        for row in rows
        if (row.model, row.judge, row.definition) == (run.model, panel.judge, panel.definition)
        and row.source != "published"
        and row.layer is not None
    ]
    return LineChart(
        name=f"layers-{panel.judge}-{panel.definition}",
        title=f"{run.model}: rate by layer, {panel.definition}, judge {panel.judge}",
        x_label="visual layer",
        y_label="share of patches",
        lines=tuple(
            Line(
                name=note.name,
                style=styles[note.name],
                marks=tuple(
                    _mark(row) for row in ours if row.lens == note.name and row.estimate is not None
                ),
            )
            for note in sorted(run.lenses, key=lambda note: note.kind == "control")
        ),
        shaded=tuple(float(layer) for layer in run.same_layers),
    )


def report_figures(view: ReportView) -> Iterator[tuple[str, Figure]]:
    """Yield every figure of a report with a name for its file, unique in the report."""
    for figure in view.board.figures:
        yield f"board-{figure.name}", figure
    for run in view.runs:
        styles = lens_styles({note.name: note.kind for note in run.lenses})
        for panel in run.panels:
            for figure in (
                ranking_dots(run, panel, styles),
                layer_chart(run, panel, view.board.rows, styles),
            ):
                yield f"{run.model}-{figure.name}", figure
        for analysis in run.analyses:
            for figure in analysis.figures:
                yield f"{run.model}-{analysis.name}-{figure.name}", figure
    for analysis in view.paper:
        for figure in analysis.figures:
            yield f"paper-{analysis.name}-{figure.name}", figure


def _mean(row: RankedLens) -> tuple[Mark, ...]:
    if row.estimate is None:
        return ()
    return (Mark(x=0, y=row.estimate, low=row.low, high=row.high),)


def _mark(row: BoardRow) -> Mark:
    if row.layer is None or row.estimate is None:
        raise ValueError(f"board row of {row.lens} is no scored layer")
    note = "" if row.n is None else f"{row.hits} of {row.n} scored"
    return Mark(x=row.layer, y=row.estimate, low=row.low, high=row.high, note=note)
