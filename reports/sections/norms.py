"""How long the vectors of visual and of text tokens are, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.core.measures import LayerSpread, Measures
from reports.figures.records import Column, Line, LineChart, Mark, Table
from reports.same_layers import same_layers
from reports.sections.base import Analysis, Evidence
from reports.sections.drift import TEXT, VISUAL

_DEFINITION: Final = (
    "L2 norm of a token's state after so many blocks, before the final norm. Visual: all grid "
    "cells of all images of the run. Text: rows of the reference library, drawn at random with "
    "the run's seed. Line: median; band: 5 to 95 % of the tokens; the vertical axis is "
    "logarithmic. Ratio: median norm of visual tokens / median norm of text tokens at the same "
    "layer. Source: LatentLens (arXiv 2602.00462), there histograms per layer."
)

_COSINE: Final = "Lenses that compare by cosine do not see the norm; it is no part of any score."


class Norms:
    """Median norm with a band, of visual and of text tokens."""

    name = "norms"
    title = "Norms of tokens"

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return the curves; None if nothing was measured or all norms are 0."""
        measures = evidence.measures
        if measures is None:
            return None
        lines = (
            _line("visual tokens", VISUAL, measures.visual_norms),
            _line("text tokens", TEXT, measures.text_norms),
        )
        shown = tuple(line for line in lines if line.marks)
        if not shown:
            return None
        chart = LineChart(
            name=self.name,
            title=f"Median L2 norm of tokens by layer, {evidence.model}",
            x_label="layer",
            y_label="L2 norm, median",
            lines=shown,
            log=True,
            shaded=tuple(float(layer) for layer in same_layers(measures)),
        )
        return Analysis(
            name=self.name,
            title=self.title,
            finding=_finding(measures),
            definition=_DEFINITION,
            figures=(chart,),
            tables=(_table(measures),),
            notes=(_COSINE,),
        )


def _line(name: str, style: str, layers: Sequence[LayerSpread]) -> Line:
    """Return the medians; a logarithmic axis has no place for 0, so those are left out."""
    marks = tuple(
        Mark(
            x=float(each.layer),
            y=each.spread.median,
            low=each.spread.low if each.spread.low > 0 else None,
            high=each.spread.high if each.spread.low > 0 else None,
            note=f"{each.spread.n} tokens, largest {each.spread.top:.4g}",
        )
        for each in sorted(layers, key=lambda each: each.layer)
        if each.spread.median > 0
    )
    return Line(name=name, style=style, marks=marks)


def _ratios(measures: Measures) -> dict[int, float]:
    """Return layer to ratio of medians where both are known and that of text is not 0."""
    text = {each.layer: each.spread.median for each in measures.text_norms}
    return {
        each.layer: each.spread.median / text[each.layer]
        for each in sorted(measures.visual_norms, key=lambda each: each.layer)
        if text.get(each.layer, 0.0) > 0
    }


def _finding(measures: Measures) -> str:
    ratios = _ratios(measures)
    if ratios:
        largest = max(ratios, key=lambda layer: ratios[layer])
        least = min(ratios, key=lambda layer: ratios[layer])
        said = (
            f"The median visual token is {_factor(ratios[largest])} times as long as the median "
            f"text token at layer {largest}"
        )
        if largest != least:
            said += (
                f", where the ratio is largest, and {_factor(ratios[least])} times at layer "
                f"{least}, where it is least"
            )
        return said + "."
    if not measures.visual_norms:
        return "Norms are known of text tokens only."
    first = min(measures.visual_norms, key=lambda each: each.layer)
    last = max(measures.visual_norms, key=lambda each: each.layer)
    return (
        f"The median norm of visual tokens is {_factor(first.spread.median)} at layer "
        f"{first.layer} and {_factor(last.spread.median)} at layer {last.layer}; no text token was "
        "measured at a layer of the run."
    )


def _factor(value: float) -> str:
    """Return a figure with at least two digits that count, never as a power of ten."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(measures: Measures) -> Table:
    ratios = _ratios(measures)
    tokens = (("visual", measures.visual_norms), ("text", measures.text_norms))
    return Table(
        name="norms-spread",
        caption="Norms of tokens by layer, and the ratio of the medians, visual to text.",
        columns=(
            Column(name="layer", numeric=True),
            Column(name="tokens"),
            Column(name="number", numeric=True),
            Column(name="5 %", numeric=True),
            Column(name="median", numeric=True),
            Column(name="mean", numeric=True),
            Column(name="95 %", numeric=True),
            Column(name="largest", numeric=True),
            Column(name="ratio to text", numeric=True),
        ),
        rows=tuple(
            (
                each.layer,
                what,
                each.spread.n,
                each.spread.low,
                each.spread.median,
                each.spread.mean,
                each.spread.high,
                each.spread.top,
                ratios.get(each.layer) if what == "visual" else None,
            )
            for what, layers in tokens
            for each in sorted(layers, key=lambda each: each.layer)
        ),
    )


SECTION: Final = Norms()
"""The analysis as the registry knows it."""
