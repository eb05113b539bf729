"""How far tokens turn away from what enters the first block, and which layers are one vector."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import floor
from typing import Final

from harness.core.measures import LayerSpread, Measures
from reports.figures.records import Line, LineChart, Mark
from reports.same_layers import SAME, same_layers
from reports.sections.base import Analysis, Evidence
from reports.sections.phrases import listed

VISUAL: Final = "lens-0"
"""Style of visual tokens."""

TEXT: Final = "lens-1"
"""Style of text tokens."""

_DEFINITION: Final = (
    "Visual tokens: cosine of a token's state after so many blocks, before the final norm, with "
    "the state of the same token that enters the first block (layer 0); line: mean over all grid "
    "cells of all images of the run; band: 5 to 95 % of the cells. Text tokens: the same for rows "
    "of the reference library, drawn at random with the run's seed and read in their phrase, with "
    "the input embedding of their token; rows whose embedding has length 0 are left out. A layer "
    f"counts as the same vector as layer 0 where the mean of visual tokens is above {SAME}. "
    "Source: token drift in LatentLens (arXiv 2602.00462); there text tokens of a caption corpus."
)

_CORPUS: Final = (
    "Text tokens are those of the reference corpus, not of text that stands beside the image. "
    "What a model adds to the input embedding before its first block, such as learned positions, "
    "counts as drift of text."
)


class Drift:
    """Mean cosine to layer 0, of visual and of text tokens, with the published curves behind."""

    name = "drift"
    title = "Token drift"

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return the curves; None if nothing was measured."""
        measures = evidence.measures
        if measures is None:
            return None
        ours = [
            _line("visual tokens", VISUAL, measures.visual_drift),
            _line("text tokens", TEXT, measures.text_drift),
        ]
        shown = tuple(line for line in ours if line.marks)
        if not shown:
            return None
        layers = {mark.x for line in shown for mark in line.marks}
        published = _published(evidence, layers)
        chart = LineChart(
            name=self.name,
            title=f"Mean cosine of tokens with themselves at layer 0, {evidence.model}",
            x_label="layer",
            y_label="cosine to layer 0",
            lines=(*shown, *published),
            y_range=(_bottom((*shown, *published)), 1.0),
            shaded=tuple(float(layer) for layer in same_layers(measures)),
        )
        return Analysis(
            name=self.name,
            title=self.title,
            finding=" ".join(_finding(measures)),
            definition=_DEFINITION,
            figures=(chart,),
            notes=_notes(measures, bool(published)),
        )


def _line(name: str, style: str, layers: Sequence[LayerSpread]) -> Line:
    marks = tuple(
        Mark(
            x=float(each.layer),
            y=each.spread.mean,
            low=each.spread.low,
            high=each.spread.high,
            note=f"{each.spread.n} tokens, 5 to 95 %",
        )
        for each in sorted(layers, key=lambda each: each.layer)
    )
    return Line(name=name, style=style, marks=marks)


def _published(evidence: Evidence, layers: Collection[float]) -> tuple[Line, ...]:
    """Return the paper's curves of this model at our layers."""
    if evidence.paper is None or evidence.published_model is None:
        return ()
    lines: list[Line] = []
    for modality, style in (("visual", VISUAL), ("text", TEXT)):
        rows = [
            row
            for row in evidence.paper.drift
            if (row.model, row.modality) == (evidence.published_model, modality)
            and row.layer in layers
        ]
        marks = tuple(
            Mark(x=float(row.layer), y=row.cosine, note="published")
            for row in sorted(rows, key=lambda row: row.layer)
        )
        if marks:
            name = f"{modality} tokens, published"
            lines.append(Line(name=name, style=f"published {style}", marks=marks))
    return tuple(lines)


def _bottom(lines: Sequence[Line]) -> float:
    """Return 0, or the next lower tenth if a curve or band goes below 0."""
    values = [value for line in lines for mark in line.marks for value in (mark.y, mark.low or 0.0)]
    return min(0.0, floor(10 * min(values)) / 10)


def _finding(measures: Measures) -> list[str]:
    return [*_visual(measures), *_fall("text tokens", measures.text_drift)]


def _visual(measures: Measures) -> list[str]:
    drift = [each for each in measures.visual_drift if each.layer > 0]
    if not drift:
        return ["Whether visual tokens drift is not known: the run has no layer 0 to compare with."]
    same = same_layers(measures)
    said = _fall("visual tokens", drift)
    if same:
        layers = listed([str(layer) for layer in same])
        at, is_, curves = (
            ("layer", "it is", "a curve over it shows")
            if len(same) == 1
            else ("layers", "they are", "curves over them show")
        )
        said.append(
            f"At {at} {layers} {is_} practically the vector of layer 0 (mean cosine above {SAME}): "
            f"{curves} one vector several times."
        )
    else:
        said.append(f"No layer is practically the vector of layer 0 (mean cosine above {SAME}).")
    return said


def _fall(what: str, layers: Sequence[LayerSpread]) -> list[str]:
    """Say where the mean cosine is highest and lowest."""
    if not layers:
        return []
    first, last = min(layers, key=_layer), max(layers, key=_layer)
    said = f"The mean cosine of {what} to layer 0 is {first.spread.mean:.2f} at layer {first.layer}"
    if first is not last:
        said += f" and {last.spread.mean:.2f} at layer {last.layer}"
    return [said + "."]


def _layer(each: LayerSpread) -> int:
    return each.layer


def _notes(measures: Measures, published: bool) -> tuple[str, ...]:
    notes = [f"Visual tokens: {measures.tokens} cells."]
    if measures.text_drift:
        notes.append(f"Text tokens: {measures.text_drift[0].spread.n} rows. {_CORPUS}")
    if published:
        notes.append(
            "Published curves are drawn at the layers of this run only; they rest on other images "
            "and other text."
        )
    return tuple(notes)


SECTION: Final = Drift()
"""The analysis as the registry knows it."""
