"""The source layers of a run's neighbours, and what they say in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.core.measures import LeapLayer
from reports.alignment import (
    AlignmentMatrix,
    alignment_matrix,
    dominant,
    lenses_with_sources,
    merged_alignment,
)
from reports.ranking import MATCHED_CONTROL
from reports.sections.base import Evidence
from reports.sections.phrases import listed, percent

CONTEXTUAL: Final = "latent"
"""Lens whose neighbours are merged with those in the input embedding, as in the paper."""

EMBEDDING: Final = "embedding"
"""Lens of the input embedding; its score is the same cosine."""

_FIRST: Final = 3


@dataclass(frozen=True, slots=True)
class FoundSources:
    """Where the neighbours of a run come from."""

    merged: AlignmentMatrix | None
    """Latent with the input embedding; None if the run lacks one of the two lenses."""
    lenses: dict[str, AlignmentMatrix]
    """Lenses under test, in the order of the run."""
    controls: dict[str, AlignmentMatrix]
    """Controls that draw neighbours of their own; matched ones only have those of their lens."""
    stored: tuple[int, ...]
    """Contextual layers of the reference library, ascending."""
    scaled: tuple[LeapLayer, ...]
    """Source layer of the highest z-score by visual layer; empty if it was not measured."""

    @classmethod
    def of(cls, evidence: Evidence) -> FoundSources:
        """Tabulate the neighbours of a run."""
        sourced = set(lenses_with_sources(evidence.descriptions))
        matrices = {
            lens: alignment_matrix(evidence.descriptions, lens)
            for lens in evidence.kinds
            if lens in sourced and not lens.startswith(MATCHED_CONTROL)
        }
        merged = None
        if CONTEXTUAL in matrices and EMBEDDING in evidence.kinds:
            merged = merged_alignment(evidence.descriptions, CONTEXTUAL, EMBEDDING, evidence.spec.k)
        measured = evidence.measures.leap if evidence.measures else ()
        return cls(
            merged=merged if merged is not None and merged.visual_layers else None,
            lenses={name: m for name, m in matrices.items() if evidence.kinds[name] == "lens"},
            controls={name: m for name, m in matrices.items() if evidence.kinds[name] != "lens"},
            stored=tuple(sorted(evidence.spec.contextual_layers)),
            scaled=tuple(sorted(measured, key=lambda each: each.layer)),
        )

    @property
    def main(self) -> AlignmentMatrix:
        """What the finding speaks of: latent with the input embedding, or the first lens."""
        return self.merged or next(iter(self.lenses.values()))


def finding(found: FoundSources) -> str:
    """Say which source layer is commonest at the first visual layers, and what controls have."""
    main = found.main
    layers = main.visual_layers[:_FIRST]
    best = {layer: dominant(main, layer) for layer in layers}
    what = f"{main.lens} with the input embedding" if found.merged else main.lens
    said = [f"The commonest source layer of the neighbours of {what} is {_places(best)}."]
    leaps = [layer for layer in layers if is_leap(found.stored, layer, best[layer][0])]
    if leaps:
        numbers = listed([str(layer) for layer in leaps])
        said.append(f"That is a leap to a later layer at visual layer {numbers}.")
    else:
        said.append("None of these is a leap to a later layer.")
    # No control draws from the input embedding: there is nothing to compare with source layer 0.
    shared = [layer for layer in layers if best[layer][0] in found.stored]
    for control, matrix in found.controls.items() if shared else ():
        shares = listed([percent(_share(matrix, layer, best[layer][0])) for layer in shared])
        places = listed([str(layer) for layer in shared])
        said.append(
            f"Of the neighbours of the control {control} at visual layer {places}, {shares} are "
            "from there."
        )
    scaled = {each.layer: _winner(each) for each in found.scaled if each.layer in layers}
    if scaled:
        said.append(
            "Among the layers of the library, with each one's own scale taken out, it is "
            f"{_places(scaled)}."
        )
    return " ".join(said)


def is_leap(stored: Sequence[int], visual: int, source: int) -> bool:
    """Return whether ``source`` is later than the first stored layer not before ``visual``."""
    near = [layer for layer in stored if layer >= visual]
    return bool(near) and source > min(near)


def _places(best: dict[int, tuple[int, float]]) -> str:
    return listed(
        [
            f"{source} at visual layer {layer} ({percent(share)})"
            for layer, (source, share) in best.items()
        ]
    )


def _share(matrix: AlignmentMatrix, visual: int, source: int) -> float:
    if visual not in matrix.visual_layers or source not in matrix.source_layers:
        return 0.0
    row = matrix.shares[matrix.visual_layers.index(visual)]
    return row[matrix.source_layers.index(source)]


def _winner(each: LeapLayer) -> tuple[int, float]:
    place = max(range(len(each.normalised)), key=lambda place: each.normalised[place])
    return each.source_layers[place], each.normalised[place]
