"""The judged board beside people's labels: rates of every lens, raw and corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from harness.core.agreement import Correction
from harness.core.errors import DataError
from harness.core.records import LensKind, Relation
from human_eval.correction import BoardLens, correct
from human_eval.evidence import Evidence
from human_eval.policies import is_hit

_Place: TypeAlias = tuple[str, int | None, str]
"""Lens, layer and patch of a cell."""


@dataclass(frozen=True, slots=True)
class BoardCell:
    """A cell of the whole board as a judge has scored it."""

    lens: str
    """Lens or control."""
    kind: LensKind
    """Lens under test or control."""
    layer: int
    """Visual layer."""
    band: str
    """Group of layers."""
    patch_id: str
    """Patch."""
    image_id: str
    """Image of the patch."""
    relations: tuple[Relation, ...] | None
    """What the judge says of its words; None if the cell is unscored."""


@dataclass(frozen=True, slots=True)
class _Label:
    """People's verdict on a cell that was drawn, 1, 0 or NaN, and the weight it was drawn with."""

    hit: float
    weight: float


def corrections(
    evidence: Evidence, board: Mapping[str, Sequence[BoardCell]]
) -> tuple[Correction, ...]:
    """Return every judge's rate of every lens and control, over all layers and band by band.

    Bands are told apart where a lens has more than one. Cells are labelled only where they were
    drawn as an item and people have a verdict. The definition of a hit is the policy's, for people
    and judge alike.

    Args:
        evidence: What people said.
        board: Judge to all cells it was asked about.

    Raises:
        DataError: One cell belongs to two items.
    """
    if not board:
        return ()
    labels = _labels(evidence)
    found = []
    for judge, cells in board.items():
        for _, lens in sorted({(cell.kind == "control", cell.lens) for cell in cells}):
            ours = sorted(
                (cell for cell in cells if cell.lens == lens),
                key=lambda cell: (cell.layer, cell.patch_id),
            )
            bands = list(dict.fromkeys(cell.band for cell in ours))
            found.append(_correction(evidence, judge, "", ours, labels))
            if len(bands) > 1:
                found.extend(
                    _correction(
                        evidence, judge, band, [cell for cell in ours if cell.band == band], labels
                    )
                    for band in bands
                )
    return tuple(found)


def _labels(evidence: Evidence) -> dict[_Place, _Label]:
    """Return people's verdict on each cell that was drawn."""
    found: dict[_Place, _Label] = {}
    owners: dict[_Place, str] = {}
    for item, hit in zip(evidence.items, evidence.people(), strict=True):
        for cell in item.cells:
            place = (cell.lens, cell.layer, item.patch_id)
            owner = owners.setdefault(place, item.item_id)
            if place in found:
                raise DataError(
                    f"items {owner} and {item.item_id} both stand for {cell.lens} at layer "
                    f"{cell.layer} on patch {item.patch_id}; expected one item for a cell"
                )
            found[place] = _Label(float(hit), cell.weight)
    return found


def _correction(
    evidence: Evidence,
    judge: str,
    band: str,
    cells: Sequence[BoardCell],
    labels: Mapping[_Place, _Label],
) -> Correction:
    drawn = [labels.get((cell.lens, cell.layer, cell.patch_id)) for cell in cells]
    definition = evidence.policy.definition
    lens = BoardLens(
        judge=judge,
        lens=cells[0].lens,
        kind=cells[0].kind,
        band=band,
        images=[cell.image_id for cell in cells],
        judged=np.array(
            [
                np.nan if cell.relations is None else is_hit(cell.relations, definition)
                for cell in cells
            ],
            dtype=np.float64,
        ),
        labelled=np.array([np.nan if label is None else label.hit for label in drawn]),
        weights=np.array([1.0 if label is None else label.weight for label in drawn]),
    )
    return correct(lens, seed=evidence.seed)
