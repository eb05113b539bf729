"""The published figures as rows of the board, with the intervals that the paper does not give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.core.wilson import score_interval
from reports.board import BoardRow
from reports.published.means import (
    OVER_LAYERS,
    OVER_MODELS,
    PublishedMean,
    means_over_layers,
    means_over_models,
)
from reports.published.paper import Paper, PublishedCell

PUBLISHED: Final = "published"
"""Source of these rows."""

SAME: Final = 0.99
"""Mean cosine to layer 0 above which a layer is practically the same vector."""


def published_rows(paper: Paper) -> tuple[BoardRow, ...]:
    """Return a row for every cell, every mean over layers, and the paper's means over models.

    Intervals: Wilson's at the patches of the cell; for means at the patches of one layer, because
    layers (and models) share the same images and no verdict is known by patch. Rows of cells whose
    number of patches is unknown have no interval. There are no tiers and no gains over controls:
    the paper has neither verdicts by patch nor controls. An ablation is a model of its own, named
    after its variant.
    """
    same = published_same_layers(paper)
    cells = [_cell_row(cell, paper.judge, same) for cell in paper.cells]
    layers = [_mean_row(mean, paper.judge, OVER_LAYERS) for mean in means_over_layers(paper)]
    models = [_mean_row(mean, paper.judge, OVER_MODELS) for mean in means_over_models(paper)]
    return (*cells, *layers, *models)


def published_same_layers(paper: Paper) -> dict[str, tuple[int, ...]]:
    """Return model to its layers above 0 whose mean cosine to layer 0 is above 0.99.

    Models without published token drift (all off-the-shelf ones but Qwen2-VL-7B) are left out.
    """
    found: dict[str, list[int]] = {}
    for point in paper.drift:
        layers = found.setdefault(point.model, [])
        if point.modality == "visual" and point.layer > 0 and point.cosine > SAME:
            layers.append(point.layer)
    return {model: tuple(sorted(layers)) for model, layers in found.items()}


def _cell_row(cell: PublishedCell, judge: str, same: Mapping[str, tuple[int, ...]]) -> BoardRow:
    interval = None if cell.n is None else score_interval(cell.rate, cell.n)
    return BoardRow(
        model=_model(cell.model, cell.variant),
        source=PUBLISHED,
        lens=cell.lens,
        kind="lens",
        layer=cell.layer,
        judge=judge,
        definition="interpretable",
        hits=hits_of(cell),
        n=cell.n,
        total=None,
        estimate=cell.rate,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        interval="wilson-95" if interval else "none",
        effective_n=cell.n,
        same_as_layer_0=cell.variant == "none" and cell.layer in same.get(cell.model, ()),
        problem="; ".join(cell.problems),
    )


def _mean_row(mean: PublishedMean, judge: str, method: str) -> BoardRow:
    interval = mean.interval
    hits = [hits_of(cell) for cell in mean.cells]
    numbers = [cell.n for cell in mean.cells]
    return BoardRow(
        model=_model(mean.model, mean.variant),
        source=PUBLISHED,
        lens=mean.lens,
        kind="lens",
        layer=None,
        judge=judge,
        definition="interpretable",
        hits=None if None in hits else sum(hit for hit in hits if hit is not None),
        n=None if None in numbers else sum(n for n in numbers if n is not None),
        total=None,
        estimate=mean.rate,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        interval=method if interval else "none",
        effective_n=mean.n,
        problem=_problems(mean),
    )


def hits_of(cell: PublishedCell) -> int | None:
    """Return the hits of a cell; None where its number of patches is unknown."""
    return None if cell.n is None else round(cell.rate * cell.n)


def _model(name: str, variant: str) -> str:
    return name if variant == "none" else f"{name} ({variant})"


def _problems(mean: PublishedMean) -> str:
    """Return each problem of the cells once; those of some layers name them."""
    if len({cell.model for cell in mean.cells}) > 1:
        models = len({cell.model for cell in mean.cells if cell.problems})
        return f"cells of {models} models have known problems" if models else ""
    layers: dict[str, list[int]] = {}
    for cell in mean.cells:
        for problem in cell.problems:
            layers.setdefault(problem, []).append(cell.layer)
    return "; ".join(
        problem
        if len(found) == len(mean.cells)
        else f"layer {', '.join(map(str, found))}: {problem}"
        for problem, found in layers.items()
    )
