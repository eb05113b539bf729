"""From which text layer the neighbours of each visual layer come, and whether chance does too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.core.measures import LeapLayer
from reports.alignment import published_alignment
from reports.figures.records import HeatMap, Table
from reports.sections.base import Analysis, Evidence
from reports.sections.leap_figures import (
    anisotropy,
    file_name,
    heat,
    nearest,
    normalised,
    source_layers,
)
from reports.sections.leap_finding import FoundSources, finding

_DEFINITION: Final = (
    "Cell = neighbours of all sampled patches at a visual layer that were read at a source layer "
    "of the reference library / all neighbours at that visual layer that have a source layer; all "
    "ranks count alike. With the input embedding: the neighbours of latent and those of embedding "
    "(as source layer 0) of the same patch are put into one list by cosine and the best k are "
    "counted, as in the paper. A leap: the commonest source layer is later than the first stored "
    "contextual layer that is not before the visual layer. Control for layers all of whose rows "
    "are near: mean cosine of a visual token with any drawn row of a source layer, and of two "
    "different rows of it (all pairs of all rows). Each layer's own scale taken out: for a sampled "
    "visual token and each source layer, z = (highest cosine - mean) / standard deviation of its "
    "cosines with the drawn rows of that layer; cell = share of tokens whose highest z is of that "
    "source layer. Source: mid-layer leap in LatentLens (arXiv 2602.00462), there without such "
    "controls; anisotropy: Ethayarajh 2019 (arXiv 1909.00512)."
)

_SPACING: Final = (
    "Only stored source layers can be found, and they are unevenly spaced: a share belongs to the "
    "nearest stored layer, not to one layer of the model."
)

_SCALE: Final = (
    "The z-score takes out mean and standard deviation only: a source layer whose cosines have a "
    "longer tail can still win. It is computed on sampled tokens and drawn rows, not on the "
    "neighbours shown."
)


class Leap:
    """Heat maps of source layers for lenses, their controls, and the paper."""

    name = "leap"
    title = "Mid-layer leap"

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return the heat maps; None if no neighbour has a source layer."""
        found = FoundSources.of(evidence)
        if not found.lenses:
            return None
        shown = [
            heat(
                matrix,
                f"leap-{file_name(lens, place)}",
                f"Source layers of the neighbours of {lens}, {evidence.model}",
            )
            for place, (lens, matrix) in enumerate((found.lenses | found.controls).items())
        ]
        measured, tables = _controls(evidence, found.scaled)
        figures = (*_merged(evidence, found), *shown, *measured, *_published(evidence))
        return Analysis(
            name=self.name,
            title=self.title,
            finding=finding(found),
            definition=_DEFINITION,
            figures=figures,
            tables=tables,
            notes=_notes(evidence, found),
        )


def _merged(evidence: Evidence, found: FoundSources) -> tuple[HeatMap, ...]:
    if found.merged is None:
        return ()
    title = f"Source layers of latent and input embedding together, {evidence.model}"
    return (heat(found.merged, "leap-merged", title),)


def _published(evidence: Evidence) -> tuple[HeatMap, ...]:
    if evidence.paper is None or evidence.published_model is None:
        return ()
    matrix = published_alignment(evidence.paper.alignments, evidence.published_model)
    if not matrix.visual_layers:
        return ()
    title = f"Published source layers of {evidence.published_model}"
    return (heat(matrix, "leap-published", title),)


def _controls(
    evidence: Evidence, scaled: Sequence[LeapLayer]
) -> tuple[tuple[HeatMap, ...], tuple[Table, ...]]:
    """Return what the measured states say of source layers, where they were measured."""
    figures: list[HeatMap] = []
    tables: list[Table] = []
    if scaled:
        figures.append(normalised(scaled, evidence.model))
        tables.append(nearest(scaled))
    if evidence.measures is not None and evidence.measures.library:
        figures.append(anisotropy(evidence.measures, evidence.model))
        tables.append(source_layers(evidence.measures))
    return tuple(figures), tuple(tables)


def _notes(evidence: Evidence, found: FoundSources) -> tuple[str, ...]:
    notes = [_SPACING]
    if found.merged is None:
        notes.append(
            "The paper counts neighbours in the input embedding as source layer 0; here they are "
            "not counted, because the run lacks the lens embedding or latent."
        )
    if found.scaled:
        notes.append(_SCALE)
    if evidence.measures is None:
        notes.append("The states of this run were not measured, so these controls are missing.")
    if _published(evidence):
        notes.append(
            "Published counts: the nearest five of all patches of 100 images, with the input "
            "embedding as source layer 0."
        )
    return tuple(notes)


SECTION: Final = Leap()
"""The analysis as the registry knows it."""
