"""Vectors in the narrow form that a scan multiplies, each with a bound on what narrowing lost.

A vector x (norm <= 1) is held as ``x = mean + scale * code + e``. A scan computes ``q . code`` for
narrow queries; what it may be wrong by is bounded per pair by ``q.size * row.loss + q.loss *
row.size``. Three kinds:

``float32``, ``bfloat16``: the code is the rounded residual. By Cauchy and Schwarz the loss of a row
is the norm of what rounding removed, measured row by row, plus the rounding of the product itself
(Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., eq. 3.5). The bound is certain.

``int8``: products and sums are exact integers, so only the narrowing counts. Worst-case bounds for
8 bits are useless (they assume that all rounding errors point along the query), so the vectors are
turned by a fixed random rotation, which spreads outlying dimensions, and rounded by a fixed random
dither, ``floor(x / step + u)`` with u uniform in [0, 1): the rounding errors of one vector are then
independent with mean zero, and by Hoeffding's inequality (1963, theorem 2) the error of one dot
product exceeds ``step * |q| * sqrt(ln(2 / p) / 2)`` with probability at most p. ``P_MISS = 1e-18``
for each side of each pair, so that 1e8 pairs are all right with probability 1 - 2e-10. Dither and
rotation are drawn from a fixed seed that no data depends on; equal calls give equal codes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from torch.nn import functional

ScanKind = Literal["int8", "bfloat16", "float32"]
"""Form of the vectors in the scan; it decides speed, never the result."""

P_MISS = 1e-18
"""Probability, for one side of one pair of int8 codes, of an error beyond its bound."""

_HOEFFDING = math.sqrt(math.log(2 / P_MISS) / 2)
_TURN = 256
_ROWS, _QUERIES = 1, 2
_UNIT_ROUNDOFF = {"highest": 2.0**-24, "high": 2.0**-11, "medium": 2.0**-8}
_MARGIN = 1.001


@dataclass(frozen=True, slots=True)
class Codes:
    """Narrow vectors; rows stand in tiles that share a scale."""

    values: torch.Tensor
    """[rows, w] int8, bfloat16 or float32; rows a multiple of the tile."""
    scales: torch.Tensor
    """[tiles] float32."""
    losses: torch.Tensor
    """[tiles] float32, the largest loss of a row of the tile."""
    sizes: torch.Tensor
    """[tiles] float32, the largest norm of a row of the tile, before and after narrowing."""


def narrow(vectors: torch.Tensor, kind: ScanKind, tile: int, *, queries: bool = False) -> Codes:
    """Return the codes of ``vectors`` [rows, d] float32 of norm <= 2, rows a multiple of ``tile``.

    Args:
        vectors: Residuals or queries.
        kind: Form of the codes; both sides of a product must have the same.
        tile: Rows that share a scale.
        queries: Whether these are queries, whose dither is drawn apart from that of rows.
    """
    if kind == "int8":
        return _dithered(vectors, tile, _QUERIES if queries else _ROWS)
    values = vectors.to(torch.bfloat16) if kind == "bfloat16" else vectors
    sizes = torch.linalg.vector_norm(vectors, dim=1)
    losses = (
        torch.linalg.vector_norm(vectors - values.float(), dim=1)
        if kind == "bfloat16"
        else torch.zeros_like(sizes)
    )
    if not queries:
        # The product's own rounding, charged to the rows: sum of d terms, then the stored result.
        losses = losses + _product_error(vectors.shape[1], kind) * sizes
    tiles = (len(vectors) // tile, tile)
    return Codes(
        values=values,
        scales=torch.ones(tiles[0], device=vectors.device),
        losses=losses.view(tiles).amax(dim=1) * _MARGIN,
        sizes=sizes.view(tiles).amax(dim=1) * _MARGIN,
    )


def code_bytes(rows: int, width: int, kind: ScanKind) -> int:
    """Return the memory that ``rows`` codes take, scales and bounds aside."""
    if kind == "int8":
        return rows * _padded_width(width)
    return rows * width * (2 if kind == "bfloat16" else 4)


def joined(parts: Sequence[Codes]) -> Codes:
    """Return the codes of all parts, one after the other."""
    return Codes(
        torch.cat([part.values for part in parts]),
        torch.cat([part.scales for part in parts]),
        torch.cat([part.losses for part in parts]),
        torch.cat([part.sizes for part in parts]),
    )


class Multiplier:
    """Products of codes, written into one piece of memory again and again: fresh memory is slow."""

    def __init__(self) -> None:
        self._found: torch.Tensor | None = None

    def __call__(self, queries: Codes, rows: Codes) -> torch.Tensor:
        """Return the products of all codes, [queries, rows], valid until the next call.

        They are int32 for int8 codes, and exact.
        """
        multiply = torch._int_mm if queries.values.dtype == torch.int8 else torch.mm
        out = self._found
        if out is not None and out.shape != (len(queries.values), len(rows.values)):
            out = None
        found: torch.Tensor = multiply(queries.values, rows.values.T, out=out)
        self._found = found
        return found


def _product_error(width: int, kind: ScanKind) -> float:
    """Return the error of a float product relative to both norms."""
    roundoff = _UNIT_ROUNDOFF[torch.get_float32_matmul_precision()]
    if kind == "float32":
        return (width + 8) * roundoff
    return (width + 8) * 2.0**-24 + 2.0**-8


def _dithered(vectors: torch.Tensor, tile: int, side: int) -> Codes:
    turned, dither = _turned(vectors, side)
    peaks = turned.abs().amax(dim=1).view(-1, tile).amax(dim=1)
    # 126, so that the dither cannot push the largest value over 127.
    scales = torch.where(peaks > 0, peaks, 1.0) / 126
    steps = scales.repeat_interleave(tile)[:, None]
    values = turned.div_(steps).add_(dither).floor_()
    sizes = torch.linalg.vector_norm(vectors, dim=1)
    narrowed = torch.linalg.vector_norm(values, dim=1) * steps[:, 0]
    # The rotation's rounding: each of 256 products and sums, over a block of 256 outputs.
    turning = 16 * (_TURN + 2) * _UNIT_ROUNDOFF[torch.get_float32_matmul_precision()]
    return Codes(
        values=values.to(torch.int8),
        scales=scales,
        losses=(_HOEFFDING * scales + turning * _tile_max(sizes, tile)) * _MARGIN,
        sizes=_tile_max(torch.maximum(sizes, narrowed), tile) * _MARGIN,
    )


def _tile_max(values: torch.Tensor, tile: int) -> torch.Tensor:
    return values.view(-1, tile).amax(dim=1)


def _turned(vectors: torch.Tensor, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rotated vectors, padded to whole blocks, and the dither of this side [w]."""
    width = vectors.shape[1]
    block, padded = _block(width), _padded_width(width)
    order, signs, dither = (draw.to(vectors.device) for draw in _draws(padded, side))
    turn = _hadamard(block).to(vectors.device)
    mixed = functional.pad(vectors, (0, padded - width))[:, order] * signs
    return (mixed.view(-1, block) @ turn).view(-1, padded), dither


def _block(width: int) -> int:
    """Return the size of the rotation's blocks; small ones waste less padding on small widths."""
    return _TURN if width >= 4 * _TURN else _TURN // 4


def _padded_width(width: int) -> int:
    block = _block(width)
    return -(-width // block) * block


@cache
def _hadamard(size: int) -> torch.Tensor:
    """Return the orthogonal Sylvester-Hadamard matrix of a power of two."""
    matrix = torch.ones(1, 1)
    while len(matrix) < size:
        top, bottom = torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)
        matrix = torch.cat([top, bottom])
    return matrix / math.sqrt(size)


@cache
def _draws(width: int, side: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return order and signs of the dimensions, equal for both sides, and one side's dither."""
    common = torch.Generator().manual_seed(0)
    order = torch.randperm(width, generator=common)
    signs = torch.randint(0, 2, (width,), generator=common) * 2.0 - 1.0
    return order, signs, torch.rand(width, generator=torch.Generator().manual_seed(side))
