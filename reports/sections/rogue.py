"""Whether few dimensions decide which text a visual token is nearest to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.core.measures import RogueLayer
from reports.figures.records import Column, Line, LineChart, Mark, Table
from reports.sections.base import Analysis, Evidence
from reports.sections.phrases import counted, percent

_TOPS: Final = (1, 3, 8, 16)

_DEFINITION: Final = (
    "Of the cosine of two unit vectors u and v, dimension i carries u_i v_i. Share of a dimension "
    "= sum of what it carries over sampled visual tokens, each with its nearest row of the "
    "reference library over all source layers / sum of those cosines. Shown: the sum of the 1, 3, "
    "8 and 16 largest shares at each visual layer; some dimensions carry less than nothing, so "
    "the largest shares can add up to more than the whole. Overlap: mean share of a token's "
    "nearest rows that are still among as many nearest rows when the largest dimensions are left "
    "out of all vectors, which are then brought to unit length anew. Tokens and library rows are "
    "drawn at random with the run's seed; the search among the rows is exact. Source: Timkey and "
    "van Schijndel 2021 (arXiv 2109.04404), there of random pairs of tokens."
)

_CAUTION: Final = (
    "The dimensions are picked because their shares are largest, so their sum is above an even "
    "share in any data, and leaving any dimensions out moves some neighbours. A rogue dimension "
    "shows as one share far above those that follow it."
)


class RogueDimensions:
    """Share of the cosine by the largest dimensions, and the nearest rows without them."""

    name = "rogue-dimensions"
    title = "Rogue dimensions"

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return shares and overlaps; None if they were not measured."""
        if evidence.measures is None or not evidence.measures.rogue:
            return None
        layers = sorted(evidence.measures.rogue, key=lambda each: each.layer)
        return Analysis(
            name=self.name,
            title=self.title,
            finding=_finding(layers),
            definition=_DEFINITION,
            figures=(_shares(evidence, layers), _overlap(evidence, layers)),
            tables=(_table(layers),),
            notes=(_CAUTION,),
        )


def _shares(evidence: Evidence, layers: Sequence[RogueLayer]) -> LineChart:
    tops = [top for top in _TOPS if any(len(each.shares) >= top for each in layers)]
    return LineChart(
        name="rogue-shares",
        title=f"Share of the cosine carried by the largest dimensions, {evidence.model}",
        x_label="visual layer",
        y_label="share of the cosine",
        lines=tuple(
            Line(
                name=counted(top, "dimension"),
                style=f"lens-{place}",
                marks=tuple(
                    Mark(x=float(each.layer), y=sum(each.shares[:top]))
                    for each in layers
                    if len(each.shares) >= top
                ),
            )
            for place, top in enumerate(tops)
        ),
    )


def _overlap(evidence: Evidence, layers: Sequence[RogueLayer]) -> LineChart:
    return LineChart(
        name="rogue-overlap",
        title=f"Nearest rows that stay without the largest dimensions, {evidence.model}",
        x_label="visual layer",
        y_label="share of the nearest rows that stay",
        lines=(
            Line(
                name=f"without {counted(layers[0].removed, 'dimension')}",
                style="lens-0",
                marks=tuple(
                    Mark(
                        x=float(each.layer),
                        y=each.overlap,
                        note=f"{each.n} tokens, nearest {each.k}",
                    )
                    for each in layers
                ),
            ),
        ),
        y_range=(0.0, 1.0),
    )


def _finding(layers: Sequence[RogueLayer]) -> str:
    peak = max(layers, key=lambda each: each.shares[0])
    said = (
        f"The largest share of one dimension is {percent(peak.shares[0])} of the cosine "
        f"(dimension {peak.dimensions[0]} at layer {peak.layer})"
    )
    if len(peak.shares) > 1:
        said += f", the next one there carries {percent(peak.shares[1])}"
    least = min(layers, key=lambda each: each.overlap)
    most = max(layers, key=lambda each: each.overlap)
    left = f"Without the {counted(least.removed, 'largest dimension')}"
    if least is most:
        return f"{said}. {left}, {percent(least.overlap)} of the nearest rows stay."
    return (
        f"{said}. {left} of each layer, {percent(least.overlap)} (layer {least.layer}) to "
        f"{percent(most.overlap)} (layer {most.layer}) of the nearest rows stay."
    )


def _table(layers: Sequence[RogueLayer]) -> Table:
    return Table(
        name="rogue-dimensions",
        caption="Dimensions with the largest shares, and the overlap without the first of them.",
        columns=(
            Column(name="visual layer", numeric=True),
            Column(name="largest share", numeric=True),
            Column(name="second", numeric=True),
            Column(name="dimensions, largest share first"),
            Column(name="left out", numeric=True),
            Column(name="rows that stay", numeric=True),
            Column(name="nearest", numeric=True),
            Column(name="tokens", numeric=True),
        ),
        rows=tuple(
            (
                each.layer,
                each.shares[0],
                each.shares[1] if len(each.shares) > 1 else None,
                ", ".join(str(dimension) for dimension in each.dimensions),
                each.removed,
                each.overlap,
                each.k,
                each.n,
            )
            for each in layers
        ),
    )


SECTION: Final = RogueDimensions()
"""The analysis as the registry knows it."""
