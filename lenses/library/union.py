"""The rows that a library of several corpora has, from the row tables of a library of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.core.errors import DataError
from lenses.library.manifest import LibraryPlan
from lenses.library.plan import lowest_by_group
from lenses.library.prefixes import occurrence_hashes, phrase_hashes, phrase_ranks
from lenses.library.rows import RowTable, numbered


@dataclass(frozen=True, slots=True)
class Union:
    """Rows in library order, and where each is found."""

    table: RowTable
    """The rows."""
    sources: NDArray[np.int64]
    """[rows], number of the source library."""
    rows: NDArray[np.int64]
    """[rows], row in it; rising among the rows of one source."""


def union_rows(tables: Sequence[RowTable], plan: LibraryPlan) -> Union:
    """Choose the rows of a ``reservoir`` library of all corpora together.

    A source holds the prefixes of smallest hash of each token, so the smallest of all sources are
    the smallest of the union. A prefix that several sources hold is shown in the phrase of smallest
    keyed text hash, as in a library of all corpora.

    Args:
        tables: Row tables of the sources.
        plan: Plan of any of them: cap, seed and packing are equal.

    Raises:
        DataError: Different prefixes have one hash.
    """
    shared = plan.packing != "whole"
    rows = pa.concat_tables([table.rows for table in tables])
    sizes = [len(table) for table in tables]
    sources = np.repeat(np.arange(len(tables)), sizes)
    places = np.concatenate([np.arange(size) for size in sizes])
    text, texts = _texts(tables)
    hashes = phrase_hashes(texts.to_pylist(), plan.key.seed)
    positions = rows["position"].to_numpy()
    if shared:
        key = rows["prefix"].to_numpy()
        rank = phrase_ranks(texts.to_pylist(), hashes)
        order = np.lexsort((sources, rank[text], key))
    else:
        key = occurrence_hashes(hashes[text], positions)
        order = np.lexsort((sources, positions, text))
    same = _same_as_before(key, order) if shared else _same_place(text, positions, order)
    _require_same_token(rows, order, same)
    kept = order[~same]
    alphabetical = np.empty(len(texts), dtype=np.int64)
    alphabetical[pc.sort_indices(texts).to_numpy()] = np.arange(len(texts))
    kept = kept[np.lexsort((positions[kept], alphabetical[text[kept]]))]
    group = pc.dictionary_encode(rows["token"].combine_chunks()).indices.to_numpy()
    kept = kept[lowest_by_group(key[kept], group[kept], plan.key.cap)]
    column = rows.schema.get_field_index("phrase")
    named = rows.set_column(column, "phrase", pa.array(text)).take(kept)
    return Union(numbered(named, texts), sources[kept], places[kept])


def _texts(tables: Sequence[RowTable]) -> tuple[NDArray[np.int64], pa.Array]:
    """Return the text number of each row of all tables, and the distinct texts."""
    encoded = pc.dictionary_encode(pa.concat_arrays([table.texts for table in tables]))
    numbers = encoded.indices.to_numpy().astype(np.int64)
    first = np.cumsum([0, *(len(table.texts) for table in tables)])
    phrases = [
        table.column("phrase").to_numpy() + start
        for table, start in zip(tables, first, strict=False)
    ]
    return numbers[np.concatenate(phrases)], encoded.dictionary


def _same_as_before(key: NDArray[np.uint64], order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell for each entry of ``order`` whether its key is that of the entry before."""
    ordered = key[order]
    return np.append(False, ordered[1:] == ordered[:-1])


def _same_place(
    text: NDArray[np.int64], positions: NDArray[np.int32], order: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell for each entry of ``order`` whether it is the same token as the entry before."""
    texts, places = text[order], positions[order]
    return np.append(False, (texts[1:] == texts[:-1]) & (places[1:] == places[:-1]))


def _require_same_token(rows: pa.Table, order: NDArray[np.int64], same: NDArray[np.bool_]) -> None:
    """Check that what counts as one prefix has one last token at one position."""
    again = np.flatnonzero(same)
    for name in ("token_id", "position"):
        values = rows[name].to_numpy()[order]
        if (values[again] != values[again - 1]).any():
            raise DataError(
                "merge: different prefixes share a 64-bit hash under this seed; build the "
                "libraries with another seed"
            )
