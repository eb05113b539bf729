"""The part of the report on the paper: a run held against it, or its figures alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.core.records import LensKind
from reports.alignment import dominant, published_alignment
from reports.figures.records import Column, Dots, Line, Mark, Table
from reports.published.board import published_same_layers
from reports.published.charts import alignment_maps, drift_charts, layer_charts, means_map
from reports.published.comparison import CellComparison, PublishedComparison
from reports.published.means import means_over_models
from reports.published.paper import Paper
from reports.published.tables import (
    ablations_table,
    averages_table,
    models_table,
    problems_table,
)
from reports.published.text import comparison_sentences, verdict_text
from reports.sections.base import Analysis
from reports.sections.phrases import listed
from reports.templating import lens_styles

_COMPARED: Final = (
    "Difference = our rate minus the published one, for every lens and layer that both have, and "
    "for the mean over our layers. The two are independent samples. The interval joins our 95 % "
    "interval with Wilson's at the published number of patches (Newcombe 1998, method 10; Zou and "
    "Donner 2008); a published mean counts as many patches as one layer has, because layers share "
    "them. Consistent: the interval includes 0. An asterisk: p below 0.05 after Holm's correction "
    "over single cells, or over means. Cannot tell: nothing was scored, or the published number "
    "of patches is unknown."
)
_RATES: Final = (
    "Rate = patches of which the judge gpt-5 calls at least one of five words concrete, abstract "
    "or global / patches judged. Every layer of a model has one vote, then every model. Intervals "
    "are ours, the paper has none: Wilson's 95 % at the patches of one layer, because layers and "
    "models share the same 100 images; no verdicts by patch are published, so lenses cannot be "
    "put into tiers."
)
_LEAP: Final = (
    "Share of the five nearest neighbours of all patches of 100 images by the contextual layer "
    "they were read at; neighbours in the input embedding are merged in as layer 0 before the "
    "best five are taken. There is no control for how close vectors of a layer are anyway, and "
    "stored layers are not evenly spaced."
)
_DRIFT: Final = (
    "Mean cosine of a token's state with the state of the same token at layer 0: visual tokens of "
    "the images, text tokens of a caption corpus (dashed). By the authors' convention the last "
    "layer is the output after the final norm, all others are before it."
)
_COLUMNS: Final = (
    Column(name="lens"),
    Column(name="layer"),
    Column(name="ours", numeric=True),
    Column(name="ours, 95 %"),
    Column(name="n", numeric=True),
    Column(name="paper", numeric=True),
    Column(name="paper, 95 %"),
    Column(name="paper's n", numeric=True),
    Column(name="difference", numeric=True),
    Column(name="difference, 95 %"),
    Column(name="p, Holm", numeric=True),
    Column(name="verdict"),
    Column(name="known problems of the published cell"),
)


def comparison_analysis(
    found: PublishedComparison, styles: Mapping[str, str] | None = None
) -> Analysis:
    """Return a run against the paper: means side by side, every cell, what was made otherwise.

    Args:
        found: The comparison.
        styles: Lens to style class of the run; None to give one by the order of the lenses.
    """
    kinds: dict[str, LensKind] = {cell.lens: "lens" for cell in found.cells}
    styles = styles or lens_styles(kinds)
    means = [cell for cell in found.cells if cell.layer is None]
    chart = Dots(
        name="against-the-paper",
        title=f"Means over layers, full: {found.model}, hollow: {found.published_model}",
        x_label="interpretable patches, mean over layers",
        rows=tuple(Line(name=m.lens, style=styles[m.lens], marks=_marks(m)) for m in means),
    )
    tables = [_cells_table(found)]
    if found.protocol:
        tables.append(_protocol_table(found))
    return Analysis(
        name="against-the-paper",
        title=f"Against the paper: {found.model}, judge {found.judge}",
        finding=" ".join(comparison_sentences(found)),
        definition=_COMPARED,
        figures=(chart,) if means else (),
        tables=tuple(tables),
        notes=(
            f"Published figures: {found.source}.",
            *(f"Not compared: {text}." for text in found.missing),
            *(f"Of the published rates: {text}." for text in found.general_problems),
        ),
    )


def published_analyses(paper: Paper) -> tuple[Analysis, ...]:
    """Return the paper's figures alone: averages, rates by layer, leap, drift, known problems."""
    leap, sources = _sources(paper)
    return (
        Analysis(
            name="published-averages",
            title="The paper's averages",
            finding=_averages(paper),
            definition=_RATES,
            figures=(means_map(paper),),
            tables=(averages_table(paper), models_table(paper), ablations_table(paper)),
            notes=(f"Source: {paper.source}.",),
        ),
        Analysis(
            name="published-layers",
            title="The paper's rates by layer",
            finding=(
                "Every model's published rates by layer, with the intervals that 100 patches "
                "allow; layers that are practically the same vector as layer 0 are marked."
            ),
            definition=_RATES,
            figures=layer_charts(paper),
        ),
        Analysis(
            name="published-leap",
            title="The paper's source layers of neighbours",
            finding=leap,
            definition=_LEAP,
            figures=alignment_maps(paper),
            tables=(sources,),
        ),
        Analysis(
            name="published-drift",
            title="The paper's token drift",
            finding=_unmoved(paper),
            definition=_DRIFT,
            figures=drift_charts(paper),
        ),
        Analysis(
            name="published-problems",
            title="Known problems of the published rates",
            finding="What a reader should know before comparing with a published cell.",
            definition=(
                "Collected from the paper, its released code and the authors' public development "
                "files; every line names what it was found in."
            ),
            tables=(problems_table(),),
        ),
    )


def _averages(paper: Paper) -> str:
    means = means_over_models(paper)
    sentences = []
    for name in dict.fromkeys(mean.model for mean in means):
        rates = ", ".join(f"{m.lens} {100 * m.rate:.1f} %" for m in means if m.model == name)
        sentences.append(f"{name[0].upper()}{name[1:]}: {rates}.")
    return " ".join(sentences)


def _sources(paper: Paper) -> tuple[str, Table]:
    """Say which source layers are the commonest for visual layer 0, and list them by model."""
    groups = {cell.model: cell.group for cell in paper.cells}
    rows: list[tuple[str, str, int, float]] = []
    for model in dict.fromkeys(row.model for row in paper.alignments):
        rows.append(
            (model, groups[model], *dominant(published_alignment(paper.alignments, model), 0))
        )
    parts = []
    for group in dict.fromkeys(groups.values()):
        layers = sorted({layer for _, each, layer, _ in rows if each == group})
        if layers:
            parts.append(f"{listed([str(layer) for layer in layers])} in {group} models")
    table = Table(
        name="published-leap-commonest",
        caption="Commonest source layer of the neighbours of visual layer 0, and its share",
        columns=(
            Column(name="model"),
            Column(name="group"),
            Column(name="source layer", numeric=True),
            Column(name="share", numeric=True),
        ),
        rows=tuple(rows),
    )
    found = f"The commonest source layers of visual layer 0 are {'; '.join(parts)}."
    return found, table


def _unmoved(paper: Paper) -> str:
    """Name the models whose visual tokens are one vector at every layer analysed."""
    same = published_same_layers(paper)
    still = [
        model
        for model, layers in same.items()
        if {cell.layer for cell in paper.cells if cell.model == model} <= {0, *layers}
    ]
    return (
        f"At every layer analysed the visual tokens of {listed(still)} have a mean cosine "
        "to layer 0 above 0.99, so their layers are no separate evidence."
    )


def _marks(cell: CellComparison) -> tuple[Mark, ...]:
    theirs = Mark(
        x=0.0,
        y=cell.published,
        low=cell.published_low,
        high=cell.published_high,
        note="paper",
    )
    if cell.rate is None:
        return (theirs,)
    return Mark(x=0.0, y=cell.rate, low=cell.low, high=cell.high, note="this run"), theirs


def _cells_table(found: PublishedComparison) -> Table:
    return Table(
        name="against-the-paper-cells",
        caption=f"{found.model} against {found.published_model} of the paper, cell by cell",
        columns=_COLUMNS,
        rows=tuple(
            (
                cell.lens,
                "mean" if cell.layer is None else cell.layer,
                cell.rate,
                _ends(cell.low, cell.high),
                cell.n,
                cell.published,
                _ends(cell.published_low, cell.published_high),
                cell.published_n,
                cell.difference,
                _ends(cell.difference_low, cell.difference_high),
                cell.p_holm,
                verdict_text(cell) + (f": {cell.reason}" if cell.reason else ""),
                "; ".join(cell.problems),
            )
            for cell in found.cells
        ),
    )


def _protocol_table(found: PublishedComparison) -> Table:
    return Table(
        name="against-the-paper-protocol",
        caption="What was made otherwise than in the paper",
        columns=(Column(name="choice"), Column(name="this run"), Column(name="paper")),
        rows=tuple((each.aspect, each.ours, each.theirs) for each in found.protocol),
    )


def _ends(low: float | None, high: float | None) -> str | None:
    return None if low is None or high is None else f"{low:.3f} to {high:.3f}"
