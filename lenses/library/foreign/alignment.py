"""The rows of a published library in the order of ours: by phrase text, then position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import DataError, MismatchError
from lenses.library.foreign.cache import NO_ID, LayerCache
from lenses.library.plan import Plan
from lenses.library.prefixes import prefix_hashes
from lenses.library.tokenise import TokenisedCorpus


@dataclass(frozen=True, slots=True)
class AlignedRows:
    """The distinct rows of one layer in our order."""

    rows: NDArray[np.int64]
    """[distinct], row of the file; the first of equal ones."""
    captions: NDArray[np.int64]
    """[distinct], number of the phrase."""
    positions: NDArray[np.int64]
    """[distinct], index of the token in its phrase."""
    repeated: int
    """Rows of the file that name the same token of the same phrase as one before."""


def align(cache: LayerCache, phrases: Sequence[str], first: AlignedRows | None) -> AlignedRows:
    """Order the rows of ``cache`` and check that they are those of the first layer.

    Args:
        cache: One layer.
        phrases: Texts by number.
        first: The first layer; None for that layer itself.

    Raises:
        DataError: The layer holds other rows than the first one.
    """
    by_text = sorted(range(len(phrases)), key=phrases.__getitem__)
    rank = np.empty(len(phrases), dtype=np.int64)
    rank[by_text] = np.arange(len(phrases))
    order = np.lexsort((cache.positions, rank[cache.captions]))
    captions, positions = cache.captions[order], cache.positions[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (np.diff(captions) != 0) | (np.diff(positions) != 0)
    found = AlignedRows(order[new], captions[new], positions[new], int((~new).sum()))
    if first is not None:
        _require_same(cache, phrases, found, first)
    return found


def require_tokens(cache: LayerCache, tokenised: TokenisedCorpus) -> None:
    """Check that the tokenizer finds every row's token where the file says it is.

    Raises:
        MismatchError: It does not, for some row.
    """
    inside = cache.positions < tokenised.lengths[cache.captions]
    flat = np.where(inside, tokenised.starts[cache.captions] + cache.positions, 0)
    ids = tokenised.ids[flat]
    right = inside & ((cache.token_ids == ids) | (cache.token_ids == NO_ID))
    for row, text in cache.tokens.items():
        right[row] = inside[row] and tokenised.strings[int(ids[row])] == text
    wrong = np.flatnonzero(~right)
    if not len(wrong):
        return
    row = int(wrong[0])
    stated = cache.tokens.get(row, int(cache.token_ids[row]))
    text = tokenised.phrases[cache.captions[row]]
    there = repr(tokenised.texts[int(ids[row])]) if inside[row] else "nothing"
    there = f"{int(ids[row])} ({there})" if inside[row] else there
    raise MismatchError(
        f"{cache.path}: {len(wrong)} of {len(right)} rows ({len(wrong) / len(right):.1%}) name "
        f"another token than the tokenizer finds, first: row {row}, token {stated!r} at position "
        f"{cache.positions[row]} of {text!r}, where the tokenizer has {there}; it is not the "
        "tokenizer of this library, or the library was made with padding on the left"
    )


def row_plan(rows: AlignedRows, tokenised: TokenisedCorpus, seed: int) -> Plan:
    """Return the rows as a plan, with prefix hashes keyed by ``seed``."""
    flat = tokenised.starts[rows.captions] + rows.positions
    prefix = prefix_hashes(tokenised, seed)[flat]
    count = len(rows.rows)
    return Plan(rows.captions, rows.positions, prefix, prefixes=count, occurrences=count)


def _require_same(
    cache: LayerCache, phrases: Sequence[str], found: AlignedRows, first: AlignedRows
) -> None:
    # One number per (phrase, position).
    width = int(max(found.positions.max(), first.positions.max())) + 1
    ours = found.captions * width + found.positions
    theirs = first.captions * width + first.positions
    if np.array_equal(ours, theirs):
        return
    extra, missing = np.setdiff1d(ours, theirs), np.setdiff1d(theirs, ours)
    caption, position = divmod(int([*extra, *missing][0]), width)
    raise DataError(
        f"{cache.path}: {len(extra)} rows are not in the first layer and {len(missing)} of its "
        f"rows are missing, first: token {position} of {phrases[caption]!r}; layers with other "
        "rows cannot share a row table, leave this layer out"
    )
