"""The patches of a report with the words of every lens, packed to fit a size budget."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from pydantic import field_validator

from harness.core.errors import MismatchError
from harness.core.ids import canonical_json
from harness.core.records import Box, Record, Relation
from reports.outcomes import Columns, Outcomes

BUDGET_BYTES: Final = 6_000_000
"""Size that pictures and words of the explorer may take in the page."""

RELATIONS: Final[tuple[Relation, ...]] = ("concrete", "abstract", "global", "none")
"""Relations by their code in a packed cell; ``UNSCORED`` stands for a word without one."""

UNSCORED: Final = len(RELATIONS)

_ROUNDING: Final = 1e-6


class ExplorerImage(Record):
    """A picture as the page shows it, with the regions of its patches."""

    image_id: str
    """sha256 of the image's bytes."""
    source: str = ""
    """File name or ``scene:SEED``, shown as caption."""
    data_uri: str
    """The view that the encoder saw, as a ``data:image/...;base64,`` address."""
    width: int
    """Width of the view in pixels."""
    height: int
    """Height of the view in pixels."""
    regions: dict[str, Box]
    """Patch id to its 3x3 region as shares of the view: left, top, right, bottom, 0 to 1."""

    @field_validator("regions")
    @classmethod
    def _inside(cls, regions: dict[str, Box]) -> dict[str, Box]:
        for patch_id, (left, top, right, bottom) in regions.items():
            if not (
                -_ROUNDING <= left < right <= 1 + _ROUNDING
                and -_ROUNDING <= top < bottom <= 1 + _ROUNDING
            ):
                raise ValueError(
                    f"region of patch {patch_id!r} is {(left, top, right, bottom)}: expected "
                    "left < right and top < bottom, all from 0 to 1"
                )
        return regions


class Neighbour(Record):
    """One distinct answer of a lens."""

    word: str
    """Whole word, or token."""
    source_layer: int | None
    """Contextual layer it was read at; None for vocabulary lenses."""
    context: str
    """Phrase around it; empty for vocabulary lenses."""
    start: int
    """First character of the word in ``context``."""
    end: int
    """One past the last."""


class ExplorerPatch(Record):
    """One patch with its packed cells."""

    patch_id: str
    """Patch."""
    row: int
    """Grid row of the centre cell."""
    col: int
    """Grid column of the centre cell."""
    region: Box
    """3x3 region as shares of the view."""
    cells: tuple[tuple[float | int | str, ...], ...]
    """Lens by lens and layer by layer: status, then per word (neighbour, relation code, score)."""


class ExplorerEntry(Record):
    """One picture with its patches."""

    image_id: str
    """sha256 of the image's bytes."""
    source: str
    """File name or ``scene:SEED``."""
    width: int
    """Width of the view in pixels."""
    height: int
    """Height of the view in pixels."""
    patches: tuple[ExplorerPatch, ...]
    """Patches in the order of the run."""


class Explorer(Record):
    """Everything the explorer shows except the pictures themselves."""

    judge: str
    """Judge whose relations colour the words."""
    lenses: tuple[str, ...]
    """Lenses and controls in the order of the packed cells."""
    layers: tuple[int, ...]
    """Visual layers in the order of the packed cells."""
    relations: tuple[str, ...] = RELATIONS
    """Relations by code; one more stands for unscored."""
    neighbours: tuple[Neighbour, ...]
    """Distinct answers by index."""
    images: tuple[ExplorerEntry, ...]
    """Pictures that fit the budget, in the order given."""
    images_of_run: int
    """Pictures of the run, shown or not."""


def build_explorer(
    outcomes: Outcomes,
    descriptions: Columns,
    images: Sequence[ExplorerImage],
    budget: int = BUDGET_BYTES,
) -> Explorer:
    """Pack as many of ``images`` as fit ``budget`` bytes, at least one, in the order given.

    Args:
        outcomes: The joined run; its relations colour the words.
        descriptions: Description records by column.
        images: Pictures with the regions of their patches.
        budget: Bytes that pictures and packed words may take together.

    Raises:
        MismatchError: a patch of a picture has no region in it.
    """
    packer = _Packer(outcomes, descriptions)
    shown: list[ExplorerEntry] = []
    used = 0
    for image in images:
        entry = packer.pack(image)
        used += len(image.data_uri) + len(canonical_json(entry)) + packer.take_growth()
        if shown and used > budget:
            break
        shown.append(entry)
    return Explorer(
        judge=outcomes.judge,
        lenses=outcomes.lenses,
        layers=outcomes.layers,
        neighbours=tuple(packer.neighbours),
        images=tuple(shown),
        images_of_run=len({patch.image_id for patch in outcomes.patches}),
    )


class _Packer:
    """Turns cells into numbers, keeping each distinct answer once."""

    def __init__(self, outcomes: Outcomes, descriptions: Columns) -> None:
        self.outcomes = outcomes
        self.columns = [
            descriptions[name] for name in ("word", "source_layer", "context", "start", "end")
        ]
        self.scores = descriptions["score"]
        self.neighbours: dict[Neighbour, int] = {}
        self._growth = 0

    def take_growth(self) -> int:
        """Return the bytes that the table of answers grew by since the last call."""
        growth, self._growth = self._growth, 0
        return growth

    def pack(self, image: ExplorerImage) -> ExplorerEntry:
        patches = []
        for position, patch in enumerate(self.outcomes.patches):
            if patch.image_id != image.image_id:
                continue
            if patch.patch_id not in image.regions:
                raise MismatchError(
                    f"explorer image {image.image_id[:12]} has no region for its patch "
                    f"{patch.patch_id!r}"
                )
            patches.append(
                ExplorerPatch(
                    patch_id=patch.patch_id,
                    row=patch.row,
                    col=patch.col,
                    region=image.regions[patch.patch_id],
                    cells=self._cells(position),
                )
            )
        return ExplorerEntry(
            image_id=image.image_id,
            source=image.source,
            width=image.width,
            height=image.height,
            patches=tuple(patches),
        )

    def _cells(self, position: int) -> tuple[tuple[float | int | str, ...], ...]:
        cells: list[tuple[float | int | str, ...]] = []
        for lens in self.outcomes.lenses:
            for layer in self.outcomes.layers:
                cell = self.outcomes.cells[lens, layer][position]
                packed: list[float | int | str] = [cell.status]
                for row, relation in zip_longest(cell.rows, cell.relations):
                    code = UNSCORED if relation is None else RELATIONS.index(relation)
                    packed += [self._index(row), code, float(f"{self.scores[row]:.3g}")]
                cells.append(tuple(packed))
        return tuple(cells)

    def _index(self, row: int) -> int:
        word, source, context, start, end = (column[row] for column in self.columns)
        known = source is not None and source == source  # noqa: PLR0124  (NaN from data frames)
        neighbour = Neighbour(
            word=word,
            source_layer=int(source) if known else None,
            context=context,
            start=int(start),
            end=int(end),
        )
        index = self.neighbours.get(neighbour)
        if index is None:
            index = self.neighbours.setdefault(neighbour, len(self.neighbours))
            self._growth += len(canonical_json(neighbour))
        return index
