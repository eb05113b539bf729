"""The two passes of exact top-k: a float32 scan that proposes, and the search for all contenders.

The scan sees every vector at norm <= 1, so that its error has one bound and nothing overflows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.nn import functional

from harness.core.errors import DataError, MismatchError
from lenses.exact import exact_dot, nonzero

QUERY_CHUNK = 2048
"""Queries scored at once."""

_TILE = 32
_UNIT_ROUNDOFF = {"highest": 2.0**-24, "high": 2.0**-11, "medium": 2.0**-8}


@dataclass(frozen=True, slots=True)
class Problem:
    """Checked inputs with what turns a raw vector into its scan form."""

    queries: torch.Tensor
    """[n, d] float32."""
    candidates: torch.Tensor
    """[m, d], any floating type up to float32; read block by block."""
    query_norms: torch.Tensor
    """[n] float64, zero replaced by one."""
    scales: torch.Tensor
    """[m] float64: own norm (cosine) or the largest norm (dot), zero replaced by one."""
    cosine: bool
    """Whether the score is the cosine."""
    block: int
    """Candidates per matrix product."""
    epsilon: float
    """Bound on the error of a scan score."""

    def units(self) -> torch.Tensor:
        """Return the queries at norm <= 1, [n, d] float32."""
        return (self.queries.double() / self.query_norms[:, None]).float()

    def blocks(self) -> Iterator[tuple[int, torch.Tensor]]:
        """Yield (first row, candidates at norm <= 1 [b, d] float32)."""
        for start in range(0, len(self.candidates), self.block):
            rows = self.candidates[start : start + self.block].double()
            yield start, (rows / self.scales[start : start + self.block, None]).float()

    def exact(self, rows: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
        """Return the deciding float64 scores of queries ``rows`` [r] and ``indices`` [r, c]."""
        dots = exact_dot(self.queries[rows, None, :], self.candidates[indices])
        if not self.cosine:
            return dots
        return (dots / (self.query_norms[rows, None] * self.scales[indices])).clamp(-1.0, 1.0)

    def scaled(self, scores: torch.Tensor) -> torch.Tensor:
        """Return one float64 score per query, [n], in the units of the scan."""
        return scores if self.cosine else scores / (self.query_norms * self.scales[0])


def make_problem(
    queries: torch.Tensor, candidates: torch.Tensor, *, cosine: bool, block: int
) -> Problem:
    """Check the two matrices and measure their rows.

    Raises:
        MismatchError: Widths differ or an input is not a matrix.
        DataError: An input holds NaN or Inf.
    """
    if queries.ndim != 2 or candidates.ndim != 2 or queries.shape[1] != candidates.shape[1]:
        raise MismatchError(
            f"queries {tuple(queries.shape)} and candidates {tuple(candidates.shape)}: "
            "expected [n, d] and [m, d] of one width d"
        )
    queries = queries.float()
    scales = _norms("candidates", candidates, block)
    if not cosine and len(scales):
        scales = scales.max().expand(len(scales))
    return Problem(
        queries=queries,
        candidates=candidates,
        query_norms=nonzero(_norms("queries", queries, block)),
        scales=nonzero(scales),
        cosine=cosine,
        block=block,
        epsilon=(queries.shape[1] + 8) * _UNIT_ROUNDOFF[torch.get_float32_matmul_precision()],
    )


def scan(problem: Problem, keep: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each query's smallest kept scan score [n] float64 and kept candidates [n, keep].

    Args:
        problem: Queries and candidates.
        keep: Candidates to keep per query, at most as many as there are.
    """
    n = len(problem.queries)
    units = problem.units()
    values = torch.full((n, keep), -torch.inf)
    kept = torch.zeros(n, keep, dtype=torch.int64)
    for start, rows in problem.blocks():
        for chunk in range(0, n, QUERY_CHUNK):
            part = slice(chunk, chunk + QUERY_CHUNK)
            new, index = _row_top(units[part] @ rows.T, keep)
            both = torch.cat([values[part], new], dim=1)
            where = torch.cat([kept[part], index + start], dim=1)
            values[part], order = both.topk(keep, dim=1)
            kept[part] = where.gather(1, order)
    return values[:, -1].double(), kept


def contenders(
    problem: Problem, rows: torch.Tensor, reached: torch.Tensor
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield for each query in ``rows`` all candidates that can score ``reached`` or more.

    Args:
        problem: Queries and candidates.
        rows: Queries [r].
        reached: A score that the k-th best is known to have, in the units of the scan, [r].

    Yields:
        Candidates [c] in ascending order and their float64 scores [c].
    """
    units = problem.units()[rows]
    threshold = (reached - problem.epsilon)[:, None]
    found: list[list[torch.Tensor]] = [[] for _ in rows]
    for start, block in problem.blocks():
        for hits, mask in zip(found, units @ block.T >= threshold, strict=True):
            hits.append(mask.nonzero().flatten() + start)
    for row, hits in zip(rows, found, strict=True):
        indices = torch.cat(hits)
        scores = [problem.exact(row[None], part[None])[0] for part in parts(indices, problem.block)]
        yield indices, torch.cat(scores)


def parts(tensor: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
    """Yield consecutive pieces of at most ``size`` rows."""
    for start in range(0, len(tensor), size):
        yield tensor[start : start + size]


def _norms(name: str, vectors: torch.Tensor, block: int) -> torch.Tensor:
    """Return the lengths of all rows, [rows] float64."""
    norms = torch.zeros(len(vectors), dtype=torch.float64)
    for number, part in enumerate(parts(vectors, block)):
        norms[number * block : (number + 1) * block] = exact_dot(part, part).sqrt()
    bad = (~norms.isfinite()).nonzero().flatten()
    if len(bad):
        raise DataError(
            f"{name}: {len(bad)} of {len(vectors)} rows hold NaN or Inf, first: row {int(bad[0])}"
        )
    return norms


def _row_top(scores: torch.Tensor, keep: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each row's largest values and columns, looking only into the best tiles of columns.

    The ``keep`` largest values lie in the ``keep`` tiles of largest maximum, and maxima cost far
    less than a partial sort of all columns.
    """
    n, width = scores.shape
    if width <= 4 * keep * _TILE:
        found = scores.topk(min(keep, width), dim=1)
        return found.values, found.indices
    if width % _TILE:
        scores = functional.pad(scores, (0, _TILE - width % _TILE), value=-torch.inf)
    tiles = scores.view(n, -1, _TILE).amax(dim=2).topk(keep, dim=1).indices
    columns = (tiles[:, :, None] * _TILE + torch.arange(_TILE)).flatten(1)
    found = scores.gather(1, columns).topk(keep, dim=1)
    return found.values, columns.gather(1, found.indices)
