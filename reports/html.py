"""One offline HTML page from a report view: figures, tables, analyses and the explorer."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from harness.core.records import Definition, LensKind, Record
from reports.agreement_page import AgreementPage, agreement_page
from reports.board_page import drawn_board
from reports.explorer.book import Explorer
from reports.explorer_page import explorer_script, explorer_style
from reports.figures.page import DrawnFigure, drawn
from reports.header import header
from reports.judging_page import JudgingPage, judging_page
from reports.panel_figures import layer_chart, ranking_dots
from reports.ranking import RankedLens
from reports.sections.page import DrawnAnalysis, drawn_analysis
from reports.templating import asset, environment, lens_styles
from reports.view import Panel, ReportView, RunView, report_json

MEANINGS: Final[Mapping[Definition, str]] = {
    "interpretable": "at least one of the words is concrete, abstract or global",
    "concrete": "at least one of the words names something visible in the region",
    "concrete+abstract": "at least one of the words is concrete or abstract",
    "pass@1": "the first word is concrete, abstract or global",
    "pass@2": "one of the first two words is concrete, abstract or global",
    "pass@3": "one of the first three words is concrete, abstract or global",
    "pass@4": "one of the first four words is concrete, abstract or global",
    "pass@5": "one of the first five words is concrete, abstract or global",
}
"""Each definition of a hit in words."""

_STYLES: Final = ("report.css", "figures.css", "board.css")
_SCRIPTS: Final = ("report.js", "board.js")
_BY_LAYER: Final = "by-layer"


class DrawnPanel(Record):
    """The result by one judge and one definition, with its figures."""

    panel: Panel
    """What is shown."""
    rows: tuple[RankedLens, ...]
    """Lenses, then controls."""
    dots: DrawnFigure
    """Means over layers."""
    curves: DrawnFigure | None
    """Rate by layer; None where the analysis ``by_layer`` shows it."""
    by_layer: DrawnAnalysis | None
    """The analysis of the first panel's curves; None for other panels."""


class DrawnRun(Record):
    """One run as the template reads it."""

    view: RunView
    """All figures."""
    prefix: str
    """Before the ids of its elements."""
    styles: dict[str, str]
    """Lens or control to style class."""
    panels: tuple[DrawnPanel, ...]
    """Results by judge and definition."""
    judging: JudgingPage
    """The section on the judges."""
    people: AgreementPage | None
    """The section on people; None if none were asked."""
    analyses: tuple[DrawnAnalysis, ...]
    """The analyses below."""


def render_report(view: ReportView, explorer: Explorer | None = None) -> str:
    """Return the report as one HTML page that loads nothing.

    All figures and tables are drawn from ``view``, which is embedded packed so that it can be saved
    from the page; ``explorer`` holds the words of single patches.
    """
    scripts = [*map(asset, _SCRIPTS), explorer_script()]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            view=view,
            header=header(view, explorer=bool(explorer and explorer.shown)),
            runs=[_drawn_run(view, run, i) for i, run in enumerate(view.runs)],
            paper=[drawn_analysis(each, f"paper{i}-") for i, each in enumerate(view.paper)],
            board=drawn_board(view.board, _all_styles(view)),
            meanings=MEANINGS,
            explorer=explorer if explorer is not None and explorer.shown else None,
            explorer_index=Markup(embedded_json(explorer.index)) if explorer else "",
            css=Markup("\n".join([*map(asset, _STYLES), explorer_style()])),
            scripts=[Markup(script) for script in scripts],
            script_hashes=" ".join(f"'{_source_hash(script)}'" for script in scripts),
            packed=packed(report_json(view)),
        )
    )


def embedded_json(text: str) -> str:
    """Return JSON that can stand inside a script element whatever strings it holds."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def packed(text: str) -> str:
    """Return text as base64 of raw deflate, which the page can unpack."""
    squeezer = zlib.compressobj(9, wbits=-15)
    data = squeezer.compress(text.encode("utf-8", "surrogatepass")) + squeezer.flush()
    return base64.b64encode(data).decode("ascii")


def _all_styles(view: ReportView) -> dict[str, str]:
    """Return one style per lens name over all runs and published rows."""
    kinds: dict[str, LensKind] = {}
    for run in view.runs:
        kinds |= {note.name: note.kind for note in run.lenses if note.name not in kinds}
    for row in view.board.rows:
        kinds.setdefault(row.lens, row.kind)
    return lens_styles(kinds)


def _drawn_run(view: ReportView, run: RunView, index: int) -> DrawnRun:
    prefix = f"r{index}-"
    styles = lens_styles({note.name: note.kind for note in run.lenses})
    drawn_analyses = [
        drawn_analysis(analysis, f"{prefix}{analysis.name}-") for analysis in run.analyses
    ]
    by_layer = next(
        (each for each in drawn_analyses if each.name == _BY_LAYER and run.panels), None
    )
    return DrawnRun(
        view=run,
        prefix=prefix,
        styles=styles,
        panels=tuple(
            _drawn_panel(view, run, panel, styles, f"{prefix}p{i}-", by_layer if i == 0 else None)
            for i, panel in enumerate(run.panels)
        ),
        judging=judging_page(run),
        people=agreement_page(run.agreement, styles, prefix) if run.agreement else None,
        analyses=tuple(each for each in drawn_analyses if each is not by_layer),
    )


def _drawn_panel(
    view: ReportView,
    run: RunView,
    panel: Panel,
    styles: Mapping[str, str],
    prefix: str,
    by_layer: DrawnAnalysis | None,
) -> DrawnPanel:
    chart = layer_chart(run, panel, view.board.rows, styles)
    return DrawnPanel(
        panel=panel,
        rows=panel.overall.rows,
        dots=drawn(ranking_dots(run, panel, styles), prefix),
        curves=None if by_layer else drawn(chart, prefix),
        by_layer=by_layer,
    )


def _source_hash(text: str) -> str:
    """Return the content-security-policy hash of an inline script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
