"""Heat maps and tables of the mid-layer leap and of what could bring it about by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from harness.core.measures import LeapLayer, Measures, SourceLayerCosine
from reports.alignment import AlignmentMatrix
from reports.figures.records import Column, HeatMap, Table

_SOURCE: Final = "source layer of the neighbour"
_VISUAL: Final = "visual layer"


def file_name(lens: str, place: int) -> str:
    """Return a lens's name as part of a file name; with its place if signs had to be replaced."""
    slug = re.sub(r"[^a-z0-9]+", "-", lens.lower()).strip("-")
    return slug if slug == lens else f"{slug}-{place}".lstrip("-")


def heat(matrix: AlignmentMatrix, name: str, title: str) -> HeatMap:
    """Return the shares of a matrix, visual layers from the bottom up."""
    merged = 0 in matrix.source_layers
    return HeatMap(
        name=name,
        title=title,
        x_label=f"{_SOURCE}, 0: input embedding" if merged else _SOURCE,
        y_label=_VISUAL,
        columns=tuple(str(layer) for layer in matrix.source_layers),
        rows=tuple(str(layer) for layer in matrix.visual_layers),
        values=matrix.shares,
    )


def normalised(layers: Sequence[LeapLayer], model: str) -> HeatMap:
    """Return the source layer of the highest z-score; ``layers`` are of one library."""
    return HeatMap(
        name="leap-normalised",
        title=f"Source layer of the nearest row, each layer's own scale taken out, {model}",
        x_label="source layer of the row with the highest z-score",
        y_label=_VISUAL,
        columns=tuple(str(layer) for layer in layers[0].source_layers),
        rows=tuple(str(each.layer) for each in layers),
        values=tuple(each.normalised for each in layers),
    )


def nearest(layers: Sequence[LeapLayer]) -> Table:
    """Return the source layer of the highest cosine, for the same tokens and rows."""
    return Table(
        name="leap-nearest",
        caption=(
            "Share of sampled visual tokens whose row of highest cosine is of each source layer: "
            f"the same tokens ({layers[0].n} per visual layer) and rows ({layers[0].rows} per "
            "source layer) as in the heat map with each layer's own scale taken out."
        ),
        columns=(
            Column(name=_VISUAL, numeric=True),
            *(Column(name=f"source {layer}", numeric=True) for layer in layers[0].source_layers),
        ),
        rows=tuple((each.layer, *each.nearest) for each in layers),
    )


def anisotropy(measures: Measures, model: str) -> HeatMap:
    """Return the mean cosine of visual tokens with all rows of each source layer."""
    sources = _by_layer(measures)
    return HeatMap(
        name="leap-anisotropy",
        title=f"Mean cosine of a visual token with any row of each source layer, {model}",
        x_label="source layer of the rows",
        y_label=_VISUAL,
        columns=tuple(str(each.layer) for each in sources),
        rows=tuple(str(layer) for layer in measures.layers),
        values=tuple(
            tuple(each.visual[place] for each in sources) for place in range(len(measures.layers))
        ),
        diverging=any(value < 0 for each in sources for value in each.visual),
        percent=False,
    )


def source_layers(measures: Measures) -> Table:
    """Return how alike the rows of each source layer are, and how near to visual tokens."""
    return Table(
        name="leap-source-layers",
        caption=(
            "Anisotropy by source layer: mean cosine of two of its rows, and mean and standard "
            "deviation of the cosine of a visual token with any of its rows, by visual layer."
        ),
        columns=(
            Column(name="source layer", numeric=True),
            Column(name="two rows", numeric=True),
            *(
                Column(name=f"{what}, visual {layer}", numeric=True)
                for layer in measures.layers
                for what in ("mean", "sd")
            ),
        ),
        rows=tuple(
            (
                each.layer,
                each.within,
                *(value for pair in zip(each.visual, each.spread, strict=True) for value in pair),
            )
            for each in _by_layer(measures)
        ),
    )


def _by_layer(measures: Measures) -> list[SourceLayerCosine]:
    return sorted(measures.library, key=lambda each: each.layer)
