"""The sampled cells of a run, image by image, with every judge's verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice, product, repeat
from typing import Final

import numpy as np

from harness.core.errors import MismatchError
from reports.explorer.book import ExplorerSource, Picture
from reports.explorer.cells import NO_RELATION, RELATIONS, Cells, Verdicts
from reports.explorer.columns import Bytes, Ints, clean
from reports.outcomes import HEADLINE, NO_JUDGE, Cell, Outcomes

_CODES: Final = {relation: code for code, relation in enumerate(RELATIONS)}
_UNSCORED: Final = 2

Place = tuple[str, int]
"""Lens and layer."""


def judges(source: ExplorerSource) -> tuple[Outcomes, ...]:
    """Return the boards of a run that somebody judged."""
    return tuple(board for board in source.boards if board.judge != NO_JUDGE)


def judged_cells(
    source: ExplorerSource,
    lenses: Sequence[str],
    answers: Ints,
    scores: Bytes,
    statuses: Mapping[str, int],
    reasons: dict[str, int],
) -> list[Cells | None]:
    """Return the sampled cells of every picture of a run; None for one without any.

    Args:
        source: The run.
        lenses: Lenses and controls in the order of the page.
        answers: [description rows] their answers.
        scores: [description rows] their scores on the scale of their lens.
        statuses: Place of every status.
        reasons: Place of every reasoning, from 1; those of this run are added.

    Raises:
        MismatchError: a patch lies outside the grid of its picture.
    """
    board = source.boards[0]
    found: dict[str, list[int]] = {}
    for position, patch in enumerate(board.patches):
        found.setdefault(patch.image_id, []).append(position)
    places = list(product(lenses, board.layers))
    cells: list[Cells | None] = []
    for picture in source.pictures:
        positions = found.get(picture.image_id, [])
        positions.sort(key=lambda at: (board.patches[at].row, board.patches[at].col))
        if not positions:
            cells.append(None)
            continue
        patches = [board.patches[at] for at in positions]
        for patch in patches:
            check_inside(picture, patch.row, patch.col)
        members = [board.cells[place][at] for at in positions for place in places]
        rows = np.fromiter((row for cell in members for row in cell.rows), dtype=np.int64)
        cells.append(
            Cells(
                row=np.array([patch.row for patch in patches]),
                col=np.array([patch.col for patch in patches]),
                count=np.array([len(cell.rows) for cell in members]),
                answer=answers[rows],
                score=scores[rows],
                verdicts=tuple(
                    _verdicts(source, judge, positions, places, statuses, reasons)
                    for judge in judges(source)
                ),
            )
        )
    return cells


def check_inside(picture: Picture, row: int, col: int) -> None:
    """Raise MismatchError if a picture has no such cell."""
    if not (0 <= row < len(picture.ys) and 0 <= col < len(picture.xs)):
        raise MismatchError(
            f"cell at row {row}, column {col} of image {picture.image_id[:12]} is not in its grid "
            f"of {len(picture.ys)} rows and {len(picture.xs)} columns"
        )


def _verdicts(
    source: ExplorerSource,
    board: Outcomes,
    positions: Sequence[int],
    places: Sequence[Place],
    statuses: Mapping[str, int],
    reasons: dict[str, int],
) -> Verdicts:
    given = source.reasons.get(board.judge, {})
    members = [board.cells[place][at] for at in positions for place in places]
    said = (
        clean(given.get(board.question(lens, layer, at), ""))
        for at in positions
        for lens, layer in places
    )
    relations = chain.from_iterable(map(_relations, members))
    return Verdicts(
        status=np.array([statuses[cell.status] for cell in members], dtype=np.uint8),
        hit=np.array([_hit(cell) for cell in members], dtype=np.uint8),
        relation=np.fromiter(relations, dtype=np.uint8),
        reason=np.array(
            [reasons.setdefault(text, len(reasons) + 1) if text else 0 for text in said],
            dtype=np.int64,
        ),
    )


def _hit(cell: Cell) -> int:
    value = cell.hit(HEADLINE)
    return _UNSCORED if np.isnan(value) else int(value)


def _relations(cell: Cell) -> list[int]:
    """Return one code per word."""
    codes = (NO_RELATION if each is None else _CODES[each] for each in cell.relations)
    return list(islice(chain(codes, repeat(NO_RELATION)), len(cell.rows)))
