"""Exact top-k by dot product or cosine, identical for every block size, batch and row order.

Matrix products in float32 round differently for different shapes, so they only *propose*. The order
is decided by float64 scores whose summation order is fixed (``lenses.exact``), and a bound on the
float32 error proves for every query that no better candidate was left out.

Why the slack is enough. Queries are scanned at norm <= 1 and candidates at norm <= 1, so for any
order of summation, fused or not, a float32 scan score differs from the true one by at most
``epsilon = (d + 8) u`` with unit roundoff ``u = 2**-24`` (Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., eq. 3.5: d u for the sum; 8 u cover the two scalings and every
float64 step). The scan keeps the best ``k + SLACK`` candidates; each one left out has a scan score
<= the smallest kept, so a true score <= smallest kept + epsilon. If the k-th float64 score is
larger than that, the kept set contains the answer. Else (more near-ties than slack, such as
repeated rows) *every* candidate whose scan score reaches k-th - epsilon is scored in float64 for
that query. So the slack decides speed only; the answer is exact with any slack, even 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from harness.core.errors import UsageError
from lenses.scan import QUERY_CHUNK, contenders, make_problem, parts, scan

Similarity = Literal["cosine", "dot"]
"""Scores: dot product, or dot product of both vectors at length 1."""

SLACK = 8
"""Candidates kept by the float32 scan beyond k."""

_UNPROVEN_CHUNK = 64


@dataclass(frozen=True, slots=True)
class TopK:
    """The best candidates of each query: higher score first, then lower index."""

    scores: torch.Tensor
    """[n, k] float64."""
    indices: torch.Tensor
    """[n, k] int64, rows of the candidates."""


@dataclass(frozen=True, slots=True)
class GroupedTopK:
    """Best candidates over several groups: higher score, then earlier group, then lower index."""

    scores: torch.Tensor
    """[n, k] float64."""
    groups: torch.Tensor
    """[n, k] int64, position of the group."""
    indices: torch.Tensor
    """[n, k] int64, row within the group."""


def top_k(
    queries: torch.Tensor,
    candidates: torch.Tensor,
    k: int,
    *,
    similarity: Similarity = "dot",
    block: int = 8192,
) -> TopK:
    """Return the exact ``min(k, m)`` best candidates of each query.

    Args:
        queries: [n, d] floating point; computed as float32.
        candidates: [m, d] floating point, float32 or narrower.
        k: How many to return, at least 1.
        similarity: ``dot``, or ``cosine`` (both sides normalised; a zero vector scores 0).
        block: Candidates scanned at once; has no influence on the result.

    Raises:
        UsageError: ``k`` or ``block`` is less than 1.
        MismatchError: Widths differ or an input is not a matrix.
        DataError: An input holds NaN or Inf.
    """
    if k < 1 or block < 1:
        raise UsageError(f"k={k}, block={block}: both must be at least 1")
    problem = make_problem(queries, candidates, cosine=similarity == "cosine", block=block)
    n, m = len(queries), len(candidates)
    wanted = min(k, m)
    scores = torch.empty(n, wanted, dtype=torch.float64)
    indices = torch.empty(n, wanted, dtype=torch.int64)
    if n == 0 or m == 0:
        return TopK(scores, indices)
    floors, kept = scan(problem, min(m, wanted + SLACK))
    for rows in parts(torch.arange(n), QUERY_CHUNK):
        order = kept[rows].sort(dim=1).values
        scores[rows], indices[rows] = _best(problem.exact(rows, order), order, wanted)
    if kept.shape[1] < m:
        reached = problem.scaled(scores[:, -1])
        unproven = (reached <= floors + problem.epsilon).nonzero().flatten()
        for rows in parts(unproven, _UNPROVEN_CHUNK):
            found = contenders(problem, rows, reached[rows])
            for row, (order, exact) in zip(rows.tolist(), found, strict=True):
                scores[row], indices[row] = _best(exact, order, wanted)
    return TopK(scores, indices)


def grouped_top_k(
    queries: torch.Tensor,
    groups: Sequence[torch.Tensor],
    k: int,
    *,
    similarity: Similarity = "dot",
) -> GroupedTopK:
    """Return the best ``k`` over all groups, merged from each group's own top-k.

    Args:
        queries: [n, d].
        groups: Candidate matrices [m_g, d]; their order breaks ties.
        k: How many to return; fewer if the groups hold fewer rows in all.
        similarity: As for ``top_k``.

    Raises:
        UsageError: There is no group, or as ``top_k``.
        MismatchError: As ``top_k``.
        DataError: As ``top_k``.
    """
    if not groups:
        raise UsageError("groups: nothing to search; at least one group is needed")
    found = [top_k(queries, vectors, k, similarity=similarity) for vectors in groups]
    scores = torch.cat([part.scores for part in found], dim=1)
    indices = torch.cat([part.indices for part in found], dim=1)
    numbers = torch.cat([torch.full_like(part.indices, g) for g, part in enumerate(found)], dim=1)
    # Equal scores already stand in (group, index) order: a stable sort keeps it.
    scores, order = scores.sort(dim=1, descending=True, stable=True)
    order = order[:, :k]
    return GroupedTopK(scores[:, :k], numbers.gather(1, order), indices.gather(1, order))


def _best(scores: torch.Tensor, indices: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut candidates in ascending index order to the ``k`` of highest score, stably."""
    scores, order = scores.sort(dim=-1, descending=True, stable=True)
    return scores[..., :k], indices.gather(-1, order[..., :k])
