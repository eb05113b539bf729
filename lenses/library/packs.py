"""Token batches that give the states of some rows of a library, with nothing computed twice.

A part of the library is packed on its own, from its rows alone, so that how the parts are shared
out between processes never changes a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import UsageError, unknown_name
from lenses.library.lines import Lines, lines_of
from lenses.library.placing import place
from lenses.library.plan import Plan
from lenses.library.tokenise import TokenisedCorpus

Packing = Literal["tree", "prefix", "whole"]
"""``tree``: many phrases in one pack, equal prefixes once, by tree attention;
``prefix``: a phrase per pack, without the tokens after its last row, for any causal model;
``whole``: whole phrases of one length per batch, never padded, for models that are not causal."""
PACKINGS: tuple[Packing, ...] = ("tree", "prefix", "whole")

_GRAIN = 32
"""Batches of ``tree`` are a multiple of this wide, where the pack width allows."""


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """One forward pass and the library rows it gives."""

    ids: NDArray[np.int64]
    """[b, w] token ids, 0 where padded."""
    positions: NDArray[np.int64]
    """[b, w] position of the token in its phrase, 0 at padding."""
    parents: NDArray[np.int64]
    """[b, w] column of the token before it in its phrase, -1 for first tokens and padding."""
    rows: NDArray[np.int64]
    """[r] library rows by rising (batch, column); rows of equal prefix may share a state."""
    batch: NDArray[np.int64]
    """[r] index in the batch of each row's state."""
    columns: NDArray[np.int64]
    """[r] column of each row's state."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the tokens of the lines are computed; a pack is one line of a batch."""

    packs: NDArray[np.int64]
    """[tokens], pack of each token."""
    columns: NDArray[np.int64]
    """[tokens], column in it."""
    fresh: NDArray[np.bool_]
    """[tokens], false where another line's equal token serves."""
    used: NDArray[np.int64]
    """[packs], columns filled."""
    capacity: NDArray[np.int64]
    """[packs], columns there may be; packs of one batch agree in it."""


def pack_rows(
    tokenised: TokenisedCorpus,
    plan: Plan,
    start: int,
    stop: int,
    packing: str,
    *,
    width: int = 256,
    batch: int = 8,
) -> list[PackedBatch]:
    """Return batches in which every row from ``start`` to ``stop`` appears exactly once.

    Args:
        tokenised: The corpus.
        plan: Its plan.
        start: First row; the range holds whole phrases, as ``part_bounds`` gives them.
        stop: One past the last row.
        packing: One of ``PACKINGS``.
        width: Tokens per pack of ``tree``; a longer phrase gets the next multiple of it.
        batch: Packs per forward pass. All packings run about ``width * batch`` tokens at once.

    Raises:
        UsageError: Unknown ``packing``, or ``width`` or ``batch`` less than 1.
    """
    if packing not in PACKINGS:
        raise unknown_name("packing", packing, PACKINGS)
    if width < 1 or batch < 1:
        raise UsageError(f"width={width}, batch={batch}: expected at least 1 of each")
    if start >= stop:
        return []
    lines = lines_of(tokenised, plan, start, stop, cut=packing != "whole")
    if packing == "tree":
        layout = _tree(lines, width)
    else:
        layout = _separate(lines, covered=packing == "prefix")
    groups = _groups(layout, width * batch, packing)
    return _filled(lines, layout, groups, grain=_GRAIN if packing == "tree" else 1)


def _tree(lines: Lines, width: int) -> _Layout:
    """Put the lines into packs, each only from where it leaves the lines before it."""
    placed = place(lines.lengths.tolist(), lines.shared.tolist(), width)
    depth = lines.positions
    fresh = depth >= np.repeat(placed.fresh_from, lines.lengths)
    columns = np.repeat(placed.begins, lines.lengths) + depth
    # A shared token is that of the last line which ran a token at its depth.
    by_depth = np.lexsort((np.repeat(placed.turn, lines.lengths), depth))
    latest = np.maximum.accumulate(np.where(fresh[by_depth], np.arange(len(depth)), 0))
    columns[by_depth] = columns[by_depth[latest]]
    return _Layout(
        packs=np.repeat(placed.packs, lines.lengths),
        columns=columns,
        fresh=fresh,
        used=np.asarray(placed.used, dtype=np.int64),
        capacity=np.asarray(placed.capacity, dtype=np.int64),
    )


def _separate(lines: Lines, *, covered: bool) -> _Layout:
    """Put every line into a pack of its own, the shortest first.

    With ``covered``, a line that is the beginning of the next one is read off that one.
    """
    host = np.arange(len(lines.lengths))
    if covered:
        alone = np.append(lines.shared[1:] < lines.lengths[:-1], True)
        host = np.minimum.accumulate(np.where(alone, host, len(host))[::-1])[::-1]
    hosts = np.unique(host)
    hosts = hosts[np.argsort(lines.lengths[hosts], kind="stable")]
    pack_of = np.empty(len(host), dtype=np.int64)
    pack_of[hosts] = np.arange(len(hosts))
    return _Layout(
        packs=np.repeat(pack_of[host], lines.lengths),
        columns=lines.positions,
        fresh=np.repeat(host == np.arange(len(host)), lines.lengths),
        used=lines.lengths[hosts],
        capacity=lines.lengths[hosts],
    )


def _groups(layout: _Layout, tokens: int, packing: str) -> list[NDArray[np.int64]]:
    """Return the packs of each batch: about ``tokens`` wide in all, of one capacity.

    Only ``prefix`` pads packs of different capacity to the longest.
    """
    order = np.argsort(layout.capacity, kind="stable")
    groups: list[NDArray[np.int64]] = []
    first = 0
    ordered = layout.capacity[order].tolist()
    for at, capacity in enumerate(ordered):
        full = (at + 1 - first) * capacity > tokens
        if at > first and (full or (packing != "prefix" and capacity != ordered[first])):
            groups.append(order[first:at])
            first = at
    groups.append(order[first:])
    return groups


def _filled(
    lines: Lines, layout: _Layout, groups: list[NDArray[np.int64]], *, grain: int
) -> list[PackedBatch]:
    """Write every token and row into its batch."""
    batch_of = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    slot_of = np.empty(len(batch_of), dtype=np.int64)
    batch_of_pack = np.empty(len(batch_of), dtype=np.int64)
    batch_of_pack[np.concatenate(groups)] = batch_of
    slot_of[np.concatenate(groups)] = np.concatenate([np.arange(len(group)) for group in groups])
    parents = np.where(lines.positions > 0, np.roll(layout.columns, 1), -1)
    tokens = np.flatnonzero(layout.fresh)
    tokens_of = _split(tokens, batch_of_pack[layout.packs[tokens]], len(groups))
    at_row = lines.tokens
    slots = slot_of[layout.packs[at_row]]
    row_order = np.lexsort((lines.rows, layout.columns[at_row], slots))
    rows_of = _split(row_order, batch_of_pack[layout.packs[at_row[row_order]]], len(groups))
    batches = []
    for group, own, rows in zip(groups, tokens_of, rows_of, strict=True):
        widest = -(-int(layout.used[group].max()) // grain) * grain
        shape = len(group), min(widest, int(layout.capacity[group].max()))
        cell = slot_of[layout.packs[own]], layout.columns[own]
        batches.append(
            PackedBatch(
                ids=_spread(shape, cell, lines.ids[own], 0),
                positions=_spread(shape, cell, lines.positions[own], 0),
                parents=_spread(shape, cell, parents[own], -1),
                rows=lines.rows[rows],
                batch=slots[rows],
                columns=layout.columns[at_row[rows]],
            )
        )
    return batches


def _split(
    items: NDArray[np.int64], batch_of: NDArray[np.int64], batches: int
) -> list[NDArray[np.int64]]:
    """Return the items of each batch, in order."""
    order = np.argsort(batch_of, kind="stable")
    counts = np.bincount(batch_of, minlength=batches)
    return np.split(items[order], np.cumsum(counts)[:-1])


def _spread(
    shape: tuple[int, int],
    cell: tuple[NDArray[np.int64], NDArray[np.int64]],
    values: NDArray[np.int64],
    padding: int,
) -> NDArray[np.int64]:
    """Return [b, w] with ``values`` at their cells."""
    spread = np.full(shape, padding, dtype=np.int64)
    spread[cell] = values
    return spread
