"""Cells of a board that people could be asked about, and the items that stand for some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from harness.core.errors import DataError, UsageError
from harness.core.ids import digest
from harness.core.quoting import plain
from harness.core.ratings import Item, ItemCell
from harness.core.records import LensKind

Verdict = Literal["hit", "miss", "unscored", "unjudged"]
"""What a judge says of a cell; it could not be scored; no judge was asked."""

CellName: TypeAlias = tuple[str, int, str]
"""Lens, layer and patch id."""

_ID_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cell of a board that people could be asked about."""

    lens: str
    """Lens or control."""
    kind: LensKind
    """Lens under test or control."""
    layer: int
    """Visual layer."""
    patch_id: str
    """Patch."""
    image_id: str
    """Image of the patch."""
    words: tuple[str, ...]
    """Words, or sentences with the word marked, as they are shown, in rank order."""
    verdict: Verdict
    """What the judge says that the sample is drawn by."""

    @property
    def name(self) -> CellName:
        """Lens, layer and patch id: what tells cells of a board apart."""
        return self.lens, self.layer, self.patch_id


@dataclass(frozen=True, slots=True)
class Sample:
    """Items to ask people about."""

    items: tuple[Item, ...]
    """Items by id, which is no order that tells anything."""
    cells: int
    """Cells that the items stand for."""
    excluded: int
    """Cells in which no word shows anything: nothing can be asked, and none of them is drawn."""


def by_name(candidates: Iterable[Candidate]) -> dict[CellName, Candidate]:
    """Return the cells by name.

    Raises:
        DataError: A cell is there twice.
    """
    found: dict[CellName, Candidate] = {}
    for cell in candidates:
        if cell.name in found:
            lens, layer, patch_id = cell.name
            raise DataError(
                f"the board has {lens} at layer {layer} on patch {patch_id} twice; expected every "
                "cell once"
            )
        found[cell.name] = cell
    return found


def askable(cells: Iterable[Candidate]) -> list[Candidate]:
    """Return the cells in which some word shows something.

    Raises:
        UsageError: There is none.
    """
    found = [cell for cell in cells if any(map(plain, cell.words))]
    if not found:
        raise UsageError("there is nothing to ask people: no cell has a word that shows anything")
    return found


def make_items(
    weighted: Sequence[tuple[Candidate, float]],
    bands: Mapping[int, str],
    model: str,
    patch_types: Mapping[str, str],
) -> tuple[Item, ...]:
    """Return one item for each patch and words that are shown, sorted by id.

    The id is made of patch and words alone, so it tells nothing of lens, layer or verdict.

    Args:
        weighted: Cells with their weights.
        bands: Layer to band.
        model: Vision-language model.
        patch_types: Patch to kind of patch.
    """
    shown: dict[tuple[str, tuple[str, ...]], list[tuple[Candidate, float]]] = {}
    for cell, weight in sorted(weighted, key=lambda each: each[0].name):
        shown.setdefault((cell.patch_id, cell.words), []).append((cell, weight))
    items = [
        Item(
            item_id=digest([patch_id, words])[:_ID_LENGTH],
            image_id=cells[0][0].image_id,
            patch_id=patch_id,
            words=words,
            cells=tuple(_item_cell(cell, bands, weight) for cell, weight in cells),
            model=model,
            patch_type=patch_types.get(patch_id, ""),
        )
        for (patch_id, words), cells in shown.items()
    ]
    return tuple(sorted(items, key=lambda item: item.item_id))


def _item_cell(cell: Candidate, bands: Mapping[int, str], weight: float) -> ItemCell:
    return ItemCell(
        lens=cell.lens,
        kind=cell.kind,
        layer=cell.layer,
        band=bands[cell.layer],
        pair=digest([cell.patch_id, cell.layer])[:_ID_LENGTH],
        weight=weight,
    )
