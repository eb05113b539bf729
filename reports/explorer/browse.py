"""The other described cells of a run: words of every cell of some images, nothing judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.core.errors import DataError, MismatchError
from reports.explorer.book import Picture
from reports.explorer.cells import Cells
from reports.explorer.columns import Bytes, Ints, integers, texts
from reports.explorer.judged import check_inside


def browse_cells(
    grid: Mapping[str, Any],
    pictures: Sequence[Picture],
    lenses: Sequence[str],
    tested: int,
    layers: Sequence[int],
    answers: Ints,
    scores: Bytes,
    judged: Sequence[Cells | None],
) -> list[Cells | None]:
    """Return the cells of every picture that are described in ``grid`` and not in ``judged``.

    Rows of other images and of controls are left out; None stands for a picture without cells.

    Args:
        grid: Words by column, in any order.
        pictures: Pictures of the run.
        lenses: Lenses under test, then controls.
        tested: How many of ``lenses`` are under test.
        layers: Visual layers of the run.
        answers: [grid rows] their answers.
        scores: [grid rows] their scores on the scale of their lens.
        judged: Sampled cells of every picture.

    Raises:
        MismatchError: a row is of an unknown lens or layer, or outside the grid of its picture.
        DataError: a cell has two words of one rank.
    """
    image = texts([grid["image_id"]]).places([picture.image_id for picture in pictures])
    lens = _lens(grid, lenses)
    rows = np.flatnonzero((image >= 0) & (lens < tested))
    height = max((len(picture.ys) for picture in pictures), default=0)
    width = max((len(picture.xs) for picture in pictures), default=0)
    per_cell = max(tested * len(layers), 1)
    key = _cell(grid, rows, image[rows], pictures, (height, width))
    key *= per_cell
    key += lens[rows] * len(layers) + _layer(grid, layers)[rows]
    rows, question = _ranked(grid, rows, key)
    asked = np.zeros(len(pictures) * height * width, dtype=bool)
    for number, cells in enumerate(judged):
        if cells is not None:
            asked[(number * height + cells.row) * width + cells.col] = True
    kept = ~asked[question // per_cell]
    rows, question = rows[kept], question[kept]
    ends = np.searchsorted(question, np.arange(len(pictures) + 1) * height * width * per_cell)
    found: list[Cells | None] = []
    for first, end in zip(ends[:-1], ends[1:], strict=True):
        members, position = np.unique(question[first:end] // per_cell, return_inverse=True)
        asked_of = position * per_cell + question[first:end] % per_cell
        made = Cells(
            row=members // width % height,
            col=members % width,
            count=np.bincount(asked_of, minlength=len(members) * per_cell),
            answer=answers[rows[first:end]],
            score=scores[rows[first:end]],
        )
        found.append(made if len(members) else None)
    return found


def _lens(grid: Mapping[str, Any], lenses: Sequence[str]) -> npt.NDArray[np.int32]:
    """Return [grid rows] the place of each row's lens."""
    names = texts([grid["lens"]])
    unknown = sorted(set(names.distinct) - set(lenses))
    if unknown:
        raise MismatchError(
            f"words of whole images are of lens {unknown[0]!r}, which is not part of the run; "
            f"its lenses: {', '.join(lenses)}"
        )
    return names.places(lenses)


def _layer(grid: Mapping[str, Any], layers: Sequence[int]) -> npt.NDArray[np.int32]:
    """Return [grid rows] the place of each row's layer."""
    layer = integers([grid["layer"]])
    place = np.full(len(layer), -1, dtype=np.int32)
    for number, known in enumerate(layers):
        place[layer == known] = number
    if (place < 0).any():
        raise MismatchError(
            f"words of whole images are of layer {layer[place < 0][0]}, which is not part of the "
            f"run; its layers: {', '.join(map(str, layers))}"
        )
    return place


def _cell(
    grid: Mapping[str, Any],
    rows: Ints,
    image: Ints,
    pictures: Sequence[Picture],
    extent: tuple[int, int],
) -> npt.NDArray[np.int64]:
    """Return [rows] one number per cell of all pictures, counted image by image."""
    row, col = integers([grid["row"]])[rows], integers([grid["col"]])[rows]
    heights = np.array([len(picture.ys) for picture in pictures], dtype=np.int64)
    widths = np.array([len(picture.xs) for picture in pictures], dtype=np.int64)
    wrong = np.flatnonzero((row < 0) | (row >= heights[image]) | (col < 0) | (col >= widths[image]))
    for place in wrong[:1]:
        check_inside(pictures[image[place]], int(row[place]), int(col[place]))
    row += image * np.int64(extent[0])
    row *= extent[1]
    row += col
    return row


def _ranked(
    grid: Mapping[str, Any], rows: Ints, question: npt.NDArray[np.int64]
) -> tuple[Ints, npt.NDArray[np.int64]]:
    """Return ``rows`` and ``question`` sorted by question, then rank."""
    rank = integers([grid["rank"]])[rows]
    key = question * (int(rank.max(initial=0)) + 1)
    key += rank
    order = np.argsort(key, kind="stable")
    key = key[order]
    for place in np.flatnonzero(key[1:] == key[:-1])[:1]:
        row = int(rows[order[place]])
        raise DataError(
            f"words of whole images hold two words of rank {rank[order[place]]} for one cell, one "
            f"in row {row} of their table; remove grid.parquet and run again"
        )
    return rows[order], question[order]
