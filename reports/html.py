"""One offline HTML page from a report view: figures, tables and the explorer of patches."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from harness.core.ids import canonical_json
from harness.core.records import Definition, Record, Score
from reports.agreement_page import agreement_page
from reports.alignment import CHANCE_LENS
from reports.judging_page import judging_page
from reports.old_explorer import ExplorerImage
from reports.outcomes import DEFINITIONS
from reports.ranking import RankedLens, Ranking
from reports.scoring import select
from reports.svg import Point, Series, dot_plot, heat_map, line_chart
from reports.templating import NARROW, WIDE, asset, environment, lens_styles
from reports.view import ReportView

MEANINGS: Final[Mapping[Definition, str]] = {
    "interpretable": "at least one of the words is concrete, abstract or global",
    "concrete": "at least one of the words names something visible in the region",
    "concrete+abstract": "at least one of the words is concrete or abstract",
    "pass@1": "the first word is concrete, abstract or global",
}
"""Each definition of a hit in words."""


class Panel(Record):
    """Everything shown for one judge and one definition of a hit."""

    judge: str
    """Judge name."""
    definition: Definition
    """What counts as a hit."""
    headline: str
    """The result in words."""
    rows: tuple[RankedLens, ...]
    """Lenses, then controls."""
    dots: tuple[str, ...]
    """Ranking figure, wide and narrow."""
    curves: tuple[str, ...]
    """Layer curves, wide and narrow."""
    layers: tuple[tuple[RankedLens, ...], ...]
    """Layer by layer the lenses under test, best first."""


class HeatPanel(Record):
    """One heat map of source layers."""

    lens: str
    """Lens or control."""
    chance: bool
    """Whether it shows what the library's make-up alone gives."""
    figures: tuple[str, ...]
    """Wide and narrow."""


def render_report(view: ReportView, images: Sequence[ExplorerImage] = ()) -> str:
    """Return the report as one HTML page that loads nothing.

    All figures and tables are drawn from ``view``, which is embedded as JSON; ``images`` are
    embedded once each, and only those that ``view.explorer`` lists.
    """
    pictures = {image.image_id: image for image in images}
    shown = [
        pictures[entry.image_id] for entry in view.explorer.images if entry.image_id in pictures
    ]
    styles = lens_styles({note.name: note.kind for note in view.lenses})
    script = asset("report.js")
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            view=view,
            panels=[_panel(view, ranking, styles, i) for i, ranking in enumerate(_overall(view))],
            heat_panels=[_heat_panel(view, i) for i in range(len(view.alignments))],
            cells=view.scores,
            judging=judging_page(view),
            people=agreement_page(view.agreement, styles) if view.agreement else None,
            definitions=DEFINITIONS,
            meanings=MEANINGS,
            images=shown,
            styles=styles,
            css=Markup(asset("report.css")),
            script=Markup(script),
            script_hash=_source_hash(script),
            data=Markup(embedded_json(canonical_json(view))),
            plain=_plain,
        )
    )


def embedded_json(text: str) -> str:
    """Return JSON that can stand inside a script element whatever strings it holds."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _overall(view: ReportView) -> list[Ranking]:
    return [ranking for ranking in view.rankings if ranking.rows and ranking.rows[0].layer is None]


def _panel(view: ReportView, ranking: Ranking, styles: Mapping[str, str], index: int) -> Panel:
    first = ranking.rows[0]
    headline = next(
        each.text
        for each in view.headlines
        if (each.judge, each.definition) == (first.judge, first.definition)
    )
    ranked = [_ranked_series(row, styles) for row in ranking.rows]
    split = next((i for i, row in enumerate(ranking.rows) if row.kind == "control"), None)
    curves = _curves(view, first.judge, first.definition, styles)
    what = f"{first.definition}, judge {first.judge}"
    return Panel(
        judge=first.judge,
        definition=first.definition,
        headline=headline,
        rows=ranking.rows,
        dots=tuple(
            dot_plot(f"dots-{index}-{i}", f"Mean over layers: {what}", ranked, width, split)
            for i, width in enumerate((WIDE, NARROW))
        ),
        curves=tuple(
            line_chart(f"curves-{index}-{i}", f"Rate by layer: {what}", curves, width)
            for i, width in enumerate((WIDE, NARROW))
        ),
        layers=_layer_rankings(view, first),
    )


def _layer_rankings(view: ReportView, board: RankedLens) -> tuple[tuple[RankedLens, ...], ...]:
    """Return the lenses of the board's judge and definition, best first, for every layer."""
    found = []
    for ranking in view.rankings:
        rows = tuple(row for row in ranking.rows if row.kind == "lens" and row.layer is not None)
        same = rows and (rows[0].judge, rows[0].definition) == (board.judge, board.definition)
        if same:
            found.append(rows)
    return tuple(found)


def _ranked_series(row: RankedLens, styles: Mapping[str, str]) -> Series:
    found = () if row.estimate is None else (Point(0, row.estimate, row.low, row.high),)
    return Series(row.lens, styles[row.lens], found)


def _curves(
    view: ReportView, judge: str, definition: Definition, styles: Mapping[str, str]
) -> list[Series]:
    points: dict[str, list[Point]] = {note.name: [] for note in view.lenses}
    for layer in view.spec.layers:
        for score in select(view.scores, judge, definition, layer):
            if score.estimate is not None:
                points[score.lens].append(Point(layer, score.estimate, score.low, score.high))
    ordered = sorted(view.lenses, key=lambda note: note.kind == "control")
    return [Series(each.name, styles[each.name], tuple(points[each.name])) for each in ordered]


def _heat_panel(view: ReportView, index: int) -> HeatPanel:
    matrix = view.alignments[index]
    axes = (matrix.visual_layers, matrix.source_layers)
    title = f"Source layers of the neighbours of {matrix.lens}"
    return HeatPanel(
        lens=matrix.lens,
        chance=matrix.lens == CHANCE_LENS,
        figures=tuple(
            heat_map(f"heat-{index}-{i}", title, axes, matrix.shares, width)
            for i, width in enumerate((WIDE / 2, NARROW))
        ),
    )


def _plain(score: Score) -> str:
    """Return the reasons of unscored answers in one line."""
    return ", ".join(f"{status} {count}" for status, count in score.unscored.items())


def _source_hash(text: str) -> str:
    """Return the content-security-policy hash of an inline script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
