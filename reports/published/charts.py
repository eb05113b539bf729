"""Figures of the published tables: rates by layer, means, source layers of neighbours, drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.core.wilson import score_interval
from reports.alignment import published_alignment
from reports.figures.records import HeatMap, Line, LineChart, Mark
from reports.published.board import published_same_layers
from reports.published.means import LENSES, means_over_layers
from reports.published.names import published_models
from reports.published.paper import Paper, PublishedCell

STYLES: Final = {"latent": "lens-0", "logit": "lens-1", "embedding": "lens-2", "tuned": "lens-3"}
"""Style class of each lens, as in a run of all built-in lenses."""

_DRIFT_STYLES: Final = ("lens-0", "lens-1", "lens-2")


def layer_charts(paper: Paper) -> tuple[LineChart, ...]:
    """Return the rates by layer of every model, with Wilson's intervals."""
    same = published_same_layers(paper)
    charts: list[LineChart] = []
    for model in published_models(paper):
        cells = [cell for cell in paper.cells if (cell.model, cell.variant) == (model, "none")]
        layers = {cell.layer for cell in cells}
        lenses = sorted({cell.lens for cell in cells}, key=list(STYLES).index)
        charts.append(
            LineChart(
                name=f"published-layers-{_file_name(model)}",
                title=f"Published share of interpretable patches by layer, {model}",
                x_label="visual layer",
                y_label="interpretable patches, share",
                lines=tuple(
                    Line(
                        name=lens,
                        style=STYLES[lens],
                        marks=tuple(_mark(cell) for cell in cells if cell.lens == lens),
                    )
                    for lens in lenses
                ),
                y_range=(0.0, 1.0),
                shaded=tuple(float(layer) for layer in same.get(model, ()) if layer in layers),
            )
        )
    return tuple(charts)


def means_map(paper: Paper) -> HeatMap:
    """Return the means over layers as a table of models and lenses, the first model at the top."""
    means = {
        (mean.model, mean.lens): mean.rate
        for mean in means_over_layers(paper)
        if mean.variant == "none"
    }
    models = published_models(paper)[::-1]
    lenses = (*LENSES, "tuned")
    return HeatMap(
        name="published-means",
        title="Published means over layers by model and lens",
        x_label="lens",
        y_label="model",
        columns=lenses,
        rows=models,
        values=tuple(tuple(means.get((model, lens)) for lens in lenses) for model in models),
    )


def alignment_maps(paper: Paper) -> tuple[HeatMap, ...]:
    """Return for every model the source layers of LatentLens's neighbours by visual layer."""
    maps: list[HeatMap] = []
    for model in dict.fromkeys(row.model for row in paper.alignments):
        matrix = published_alignment(paper.alignments, model)
        maps.append(
            HeatMap(
                name=f"published-leap-{_file_name(model)}",
                title=f"Published source layers of neighbours by visual layer, {model}",
                x_label="source layer of the neighbour, 0: input embedding",
                y_label="visual layer",
                columns=tuple(str(layer) for layer in matrix.source_layers),
                rows=tuple(str(layer) for layer in matrix.visual_layers),
                values=matrix.shares,
            )
        )
    return tuple(maps)


def drift_charts(paper: Paper) -> tuple[LineChart, ...]:
    """Return the token drift, a chart per language model with a curve per encoder."""
    models = list(dict.fromkeys(row.model for row in paper.drift))
    families = dict.fromkeys(model.partition("+")[0] for model in models)
    return tuple(
        _drift_chart(paper, family, [m for m in models if m.partition("+")[0] == family])
        for family in families
    )


def _drift_chart(paper: Paper, family: str, models: Sequence[str]) -> LineChart:
    lines: list[Line] = []
    for modality in ("visual", "text"):
        for model, style in zip(models, _DRIFT_STYLES, strict=False):
            rows = [row for row in paper.drift if (row.model, row.modality) == (model, modality)]
            marks = [Mark(x=float(row.layer), y=row.cosine) for row in rows]
            encoder = model.partition("+")[2]
            lines.append(
                Line(
                    name=f"{modality}, {encoder}" if encoder else f"{modality} tokens",
                    style=style if modality == "visual" else style.replace("lens", "control"),
                    marks=tuple(sorted(marks, key=lambda mark: mark.x)),
                )
            )
    return LineChart(
        name=f"published-drift-{_file_name(family)}",
        title=f"Published mean cosine of tokens with themselves at layer 0, {family}",
        x_label="layer",
        y_label="cosine to layer 0",
        lines=tuple(lines),
        y_range=(0.0, 1.0),
        categorical=False,
    )


def _mark(cell: PublishedCell) -> Mark:
    interval = None if cell.n is None else score_interval(cell.rate, cell.n)
    patches = "unknown number of patches" if cell.n is None else f"{cell.n} patches"
    return Mark(
        x=float(cell.layer),
        y=cell.rate,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        note=patches,
    )


def _file_name(model: str) -> str:
    return model.replace("+", "-").replace(".", "-")
