"""Compare what a decoder reads from an explorer with the run that it was made from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from reports.explorer import Explorer, ExplorerSource
from reports.explorer.columns import clean
from reports.outcomes import HEADLINE
from tests.reports.explorer.decoding import Said, Shown, Word
from tests.reports.explorer.made import KINDS

LENSES = [name for name, kind in KINDS.items() if kind == "lens"]


def rows_of(columns: Any) -> list[dict[str, Any]]:
    names = list(columns)
    return [
        dict(zip(names, row, strict=True))
        for row in zip(*(columns[name] for name in names), strict=True)
    ]


def check_words(shown: Sequence[Word], rows: Sequence[Any], step: float | None) -> None:
    """Compare decoded words with rows of the table they were made from."""
    assert len(shown) == len(rows)
    for word, row in zip(shown, rows, strict=True):
        assert word.word == clean(row["word"])
        assert word.source == (-1 if row["source_layer"] is None else row["source_layer"])
        context = clean(row["context"])
        if len(context) <= 400:
            assert (word.context, word.start, word.end) == (context, row["start"], row["end"])
        else:
            assert word.context[word.start : word.end] == word.word
            assert word.context.strip("…") in context
            assert len(word.context) <= 2 * 200 + len(word.word) + 2
        if step is None:
            assert word.score is None
        else:
            assert word.score == pytest.approx(row["score"], abs=step / 2 + 1e-9)


def steps(explorer: Explorer, book: int = 0) -> dict[str, float]:
    entry = json.loads(explorer.index)["books"][book]
    return {
        lens["name"]: scale[1] for lens, scale in zip(entry["lenses"], entry["scale"], strict=True)
    }


def check_judged(source: ExplorerSource, images: Sequence[Shown], step: dict[str, float]) -> None:
    """Compare every sampled cell that is shown with the boards of the run."""
    table = rows_of(source.descriptions)
    judges = [board for board in source.boards if board.judge != "none"]
    by_id = {image.entry["id"]: image for image in images}
    compared = 0
    for at, patch in enumerate(source.boards[0].patches):
        image = by_id.get(patch.image_id[:16])
        if image is None:
            continue
        assert image.judged is not None
        for (lens, layer), cells in source.boards[0].cells.items():
            question = image.judged[patch.row, patch.col, lens, layer]
            check_words(question.words, [table[row] for row in cells[at].rows], step[lens])
            assert list(question.said) == [board.judge for board in judges]
            for board in judges:
                cell = board.cells[lens, layer][at]
                hit = cell.hit(HEADLINE)
                padded = (*cell.relations, *[None] * len(cell.rows))[: len(cell.rows)]
                key = board.question(lens, layer, at)
                reason = source.reasons.get(board.judge, {}).get(key, "")
                assert question.said[board.judge] == Said(
                    cell.status, 2 if np.isnan(hit) else int(hit), padded, clean(reason)
                )
                compared += 1
    assert compared or not judges
    assert [len(image.judged or ()) for image in images] == [
        image.entry["judged"] * len(KINDS) * len(source.boards[0].layers) for image in images
    ]


def check_browse(
    source: ExplorerSource, images: Sequence[Shown], step: Mapping[str, float | None], words: int
) -> None:
    """Compare every other cell that is shown with the table of whole images."""
    assert source.grid is not None
    cells: dict[tuple[str, int, int, str, int], list[Any]] = {}
    for row in rows_of(source.grid):
        key = (row["image_id"][:16], row["row"], row["col"], row["lens"], row["layer"])
        cells.setdefault(key, []).append(row)
    for image in images:
        if image.browse is None:
            continue
        sampled = {place[:2] for place in image.judged or ()}
        expected = {key[1:3] for key in cells if key[0] == image.entry["id"]} - sampled
        assert {place[:2] for place in image.browse} == expected
        assert image.entry["described"] == len(expected)
        assert {place[2] for place in image.browse} == set(LENSES)
        for place, question in image.browse.items():
            assert not question.said
            rows = cells.get((image.entry["id"], *place), [])
            check_words(question.words, rows[:words], step[place[2]])
