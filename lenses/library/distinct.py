"""Nearest rows without repetitions: the best row of each word, or of each phrase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import pyarrow.compute as pc
import torch

from lenses.library.store import Library
from lenses.topk import GroupedTopK

_WIDER = 4


def distinct(
    search: Callable[[torch.Tensor, int, Sequence[int] | None], GroupedTopK],
    queries: torch.Tensor,
    k: int,
    layers: Sequence[int],
    keys: torch.Tensor,
) -> GroupedTopK:
    """Return the best ``k`` rows of different keys, fewer if there are fewer keys.

    More rows are asked for until each query has ``k`` different ones, so the answer is that of
    removing repetitions from the complete ranking.

    Args:
        search: Queries, number of rows and layers to the nearest rows.
        queries: [n, d].
        k: Rows per query.
        layers: Contextual layers to search.
        keys: Key of every library row, [rows] int64.
    """
    wanted = min(k, len(torch.unique(keys)))
    places = torch.zeros(3, len(queries), wanted, dtype=torch.float64)
    open_rows, asked = torch.arange(len(queries)), _WIDER * k
    while len(open_rows):
        found = search(queries[open_rows], asked, layers)
        first = _first(keys[found.indices])
        enough = first.sum(dim=1) >= wanted
        chosen = first & (first.cumsum(dim=1) <= wanted)
        for number, part in enumerate((found.scores, found.groups, found.indices)):
            kept = part[enough][chosen[enough]].view(-1, wanted)
            places[number, open_rows[enough]] = kept.double()
        open_rows, asked = open_rows[~enough], _WIDER * asked
    return GroupedTopK(places[0], places[1].long(), places[2].long())


def row_keys(library: Library, by: Literal["word", "phrase"]) -> torch.Tensor:
    """Return a number per row, [rows] int64: equal for equal words, case ignored, or phrases."""
    column = library.rows.column("phrase")
    if by == "word":
        column = pc.utf8_lower(library.rows.column("word")).dictionary_encode().indices
    return torch.from_numpy(column.to_numpy(zero_copy_only=False).astype("int64"))


def _first(keys: torch.Tensor) -> torch.Tensor:
    """Return which of [n, m] keys are the first of their value in their row."""
    order = keys.argsort(dim=1, stable=True)
    ranked = keys.gather(1, order)
    new = torch.ones_like(ranked, dtype=torch.bool)
    new[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    return torch.zeros_like(new).scatter(1, order, new)
