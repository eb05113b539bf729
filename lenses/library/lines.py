"""The phrases of a part of a library as they are run: cut, in trie order, with what they share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenses.library.plan import Plan
from lenses.library.tokenise import TokenisedCorpus


@dataclass(frozen=True, slots=True)
class Lines:
    """Token sequences in lexicographic order of their ids, flat."""

    lengths: NDArray[np.int64]
    """[lines], at least 1."""
    starts: NDArray[np.int64]
    """[lines], first token of each line among all."""
    ids: NDArray[np.int64]
    """[tokens]."""
    positions: NDArray[np.int64]
    """[tokens], position in the line."""
    shared: NDArray[np.int64]
    """[lines], ids at the beginning that equal those of the line before."""
    rows: NDArray[np.int64]
    """[r], library rows."""
    tokens: NDArray[np.int64]
    """[r], index in ``ids`` of each row's token."""


def lines_of(tokenised: TokenisedCorpus, plan: Plan, start: int, stop: int, *, cut: bool) -> Lines:
    """Return the phrases of the rows from ``start`` to ``stop``, which hold whole phrases.

    With ``cut``, tokens after a phrase's last row are left out.
    """
    phrases, positions = plan.phrases[start:stop], plan.positions[start:stop]
    first = np.flatnonzero(np.diff(phrases, prepend=-1))
    past = np.append(first[1:], len(phrases))
    present = phrases[first]
    lengths = positions[past - 1] + 1 if cut else tokenised.lengths[present]
    begins = tokenised.starts[present]
    order = _trie_order(_gathered(tokenised.ids, begins, lengths), lengths)
    lengths, begins = lengths[order], begins[order]
    starts = np.cumsum(lengths) - lengths
    ids = _gathered(tokenised.ids, begins, lengths).astype(np.int64)
    line_of = np.empty(len(order), dtype=np.int64)
    line_of[order] = np.arange(len(order))
    line_of_row = np.repeat(line_of, past - first)
    return Lines(
        lengths=lengths,
        starts=starts,
        ids=ids,
        positions=np.arange(len(ids)) - np.repeat(starts, lengths),
        shared=_shared(ids, starts, lengths),
        rows=np.arange(start, stop),
        tokens=starts[line_of_row] + positions,
    )


def _gathered(
    ids: NDArray[np.int32], begins: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return the ids of all lines in a row, [tokens]."""
    shift = begins - (np.cumsum(lengths) - lengths)
    gathered: NDArray[np.int32] = ids[np.arange(int(lengths.sum())) + np.repeat(shift, lengths)]
    return gathered


def _trie_order(ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the lexicographic order of the lines, [lines]; equal lines keep theirs."""
    # Of non-negative numbers of one size, the highest byte first, bytes sort as the numbers do.
    data = ids.astype(">i4").tobytes()
    past = (np.cumsum(lengths) * 4).tolist()
    keys = [data[begin:end] for begin, end in zip([0, *past], past, strict=False)]
    return np.asarray(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def _shared(
    ids: NDArray[np.int64], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the length of the common beginning of each line and the one before, [lines]."""
    shared = np.zeros(len(starts), dtype=np.int64)
    alike = np.arange(1, len(starts))
    depth = 0
    while len(alike):
        alike = alike[np.minimum(lengths[alike], lengths[alike - 1]) > depth]
        alike = alike[ids[starts[alike] + depth] == ids[starts[alike - 1] + depth]]
        shared[alike] += 1
        depth += 1
    return shared
