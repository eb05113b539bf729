"""Cosines of visual tokens with all drawn rows: moments and best by layer, nearest over layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from harness.core.progress import progress
from harness.pipeline.measuring.rows import Block, DrawnRows

_BLOCK_VALUES = 1 << 25
_NOTHING = 1e-3
"""Length of a unit vector without some dimensions at which nothing is left but rounding."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The rows of highest cosine of each token over all contextual layers, best first."""

    groups: torch.Tensor
    """[tokens, k] int64, position of the contextual layer."""
    places: torch.Tensor
    """[tokens, k] int64, place among the drawn rows."""


@dataclass(frozen=True, slots=True)
class Cosines:
    """Cosines of every token with the rows of each contextual layer."""

    mean: torch.Tensor
    """[source layers, tokens] float64, mean over rows."""
    variance: torch.Tensor
    """[source layers, tokens] float64, over rows."""
    best: torch.Tensor
    """[source layers, tokens] float64, highest."""
    nearest: Nearest
    """Nearest rows over all layers."""


class _Running:
    """The best ``k`` of all scores seen so far, per token."""

    def __init__(self, tokens: int, k: int, rows: int) -> None:
        self._k = k
        self._rows = rows
        self._scores = torch.empty(tokens, 0)
        self._rank = torch.empty(tokens, 0, dtype=torch.int64)

    def add(self, block: Block, scores: torch.Tensor) -> None:
        """Take in the ``scores`` [tokens, rows] of one block."""
        found = scores.topk(min(self._k, scores.shape[1]), dim=1)
        rank = found.indices + block.group * self._rows + block.start
        scores = torch.cat([self._scores, found.values], dim=1)
        rank = torch.cat([self._rank, rank], dim=1)
        self._scores, order = scores.topk(min(self._k, scores.shape[1]), dim=1)
        self._rank = rank.gather(1, order)

    def nearest(self) -> Nearest:
        """Return where the best are."""
        return Nearest(self._rank // self._rows, self._rank % self._rows)


def scan(rows: DrawnRows, tokens: torch.Tensor, k: int) -> Cosines:
    """Go once through all drawn rows.

    Args:
        rows: At least one row.
        tokens: [n, d] float32 of unit length.
        k: Nearest rows to keep; fewer if there are fewer.

    Raises:
        DataError: A part of the library cannot be read.
    """
    layers, n = len(rows.layers), len(tokens)
    # Cosines may lie close together around a mean near 1: sums are of what is left of that mean.
    middle = torch.stack([tokens @ rows.library.layer(layer).mean for layer in rows.layers])
    first = torch.zeros(layers, n, dtype=torch.float64)
    second = torch.zeros(layers, n, dtype=torch.float64)
    best = torch.full((layers, n), -torch.inf, dtype=torch.float64)
    running = _Running(n, k, len(rows))
    for block in _pieces(rows, n, "nearest rows"):
        cosines = tokens @ block.units.T
        running.add(block, cosines)
        best[block.group] = torch.maximum(best[block.group], cosines.amax(dim=1).double())
        cosines -= middle[block.group][:, None]
        first[block.group] += cosines.sum(dim=1).double()
        second[block.group] += cosines.square_().sum(dim=1).double()
    shift = first / len(rows)
    variance = (second / len(rows) - shift.square()).clamp(min=0)
    return Cosines(middle.double() + shift, variance, best, running.nearest())


def nearest_without(
    rows: DrawnRows, tokens: torch.Tensor, left_out: list[torch.Tensor], k: int
) -> Nearest:
    """Return the nearest rows by the cosine of all other dimensions.

    Both vectors are brought to unit length anew without the dimensions left out; the cosine with
    a vector that has nothing else is 0.

    Args:
        rows: At least one row.
        tokens: [groups, n, d] float32.
        left_out: For each group of tokens, the dimensions that its cosines leave out.
        k: Nearest rows to keep; fewer if there are fewer.

    Raises:
        DataError: A part of the library cannot be read.
    """
    kept = tokens.clone()
    for group, dimensions in enumerate(left_out):
        kept[group, :, dimensions] = 0.0
    groups, n, width = kept.shape
    flat = kept.reshape(groups * n, width)
    running = _Running(len(flat), k, len(rows))
    for block in _pieces(rows, len(flat), "without the largest dimensions"):
        scores = (flat @ block.units.T).view(groups, n, -1)
        squares = torch.stack([block.units[:, out].square().sum(dim=1) for out in left_out])
        whole = block.units.square().sum(dim=1)
        rest = (whole - squares).clamp(min=0).sqrt()
        # A token's own length is the same for all rows and does not change their order.
        scores *= torch.where(rest > _NOTHING, 1 / rest, 0.0)[:, None]
        running.add(block, scores.reshape(groups * n, -1))
    return running.nearest()


def _pieces(rows: DrawnRows, tokens: int, description: str) -> Iterator[Block]:
    """Yield blocks of which neither vectors nor cosines take more than some hundred megabytes."""
    size = max(1, _BLOCK_VALUES // max(rows.library.hidden, tokens))
    return progress(rows.blocks(size), description=description, total=rows.count_blocks(size))
