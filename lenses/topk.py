"""Exact top-k by dot product or cosine, identical for every machine form, batch and row order.

Fast products only *propose*; the order is decided by float64 scores whose summation order is fixed
(``lenses.exact``). Three steps, each with a bound that proves that nothing better was left out:

1. ``lenses.scan``: products of all pairs in 8-bit integers, bfloat16 or float32 (``lenses.codes``
   has the bounds), whichever this machine multiplies fastest;
2. ``lenses.rescore``: float32 products of the pairs that are left;
3. ``lenses.rescore``: float64 scores of the few that are within float32 rounding of the k-th best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from harness.core.errors import DataError, MismatchError, UsageError
from lenses.codes import ScanKind
from lenses.index import SearchIndex
from lenses.vectors import TensorVectors

Similarity = Literal["cosine", "dot"]
"""Scores: dot product, or dot product of both vectors at length 1."""


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
    kind: ScanKind | None = None,
) -> TopK:
    """Return the exact ``min(k, m)`` best candidates of each query.

    Args:
        queries: [n, d] floating point; computed as float32.
        candidates: [m, d] floating point, float32 or narrower.
        k: How many to return, at least 1.
        similarity: ``dot``, or ``cosine`` (both sides normalised; a zero vector scores 0).
        kind: Form of the scan; has no influence on the result.

    Raises:
        UsageError: ``k`` is less than 1.
        MismatchError: Widths differ or an input is not a matrix.
        DataError: An input holds NaN or Inf.
    """
    found = grouped_top_k(queries, [candidates], k, similarity=similarity, kind=kind)
    return TopK(found.scores, found.indices)


def grouped_top_k(
    queries: torch.Tensor,
    groups: Sequence[torch.Tensor],
    k: int,
    *,
    similarity: Similarity = "dot",
    kind: ScanKind | None = None,
) -> GroupedTopK:
    """Return the best ``k`` over all groups; equal to merging each group's own top-k.

    Args:
        queries: [n, d].
        groups: Candidate matrices [m_g, d]; their order breaks ties.
        k: How many to return; fewer if the groups hold fewer rows in all.
        similarity: As for ``top_k``.
        kind: As for ``top_k``.

    Raises:
        UsageError: There is no group, or as ``top_k``.
        MismatchError: As ``top_k``.
        DataError: As ``top_k``.
    """
    for candidates in groups:
        _require_matrices(queries, candidates)
    check_search(queries, k)
    index = make_index(groups, similarity, kind=kind)
    return search_index(index, queries, k)


def recall(found: GroupedTopK, exact: GroupedTopK) -> float:
    """Return the share of the exact answers that ``found`` has; ties with the last one count.

    Raises:
        MismatchError: The two are of different shape.
    """
    if found.scores.shape != exact.scores.shape:
        raise MismatchError(
            f"exact answer {tuple(exact.scores.shape)}: expected {tuple(found.scores.shape)}"
        )
    if not found.scores.numel():
        return 1.0
    return float((found.scores >= exact.scores[:, -1:]).double().mean())


def merged(parts: Sequence[tuple[int, TopK]], k: int) -> GroupedTopK:
    """Return the best ``k`` of several groups' own answers, given as (group, answer), ascending."""
    scores = torch.cat([part.scores for _, part in parts], dim=1)
    indices = torch.cat([part.indices for _, part in parts], dim=1)
    groups = torch.cat([torch.full_like(part.indices, group) for group, part in parts], dim=1)
    # Equal scores already stand in (group, row) order: a stable sort keeps it.
    scores, order = scores.sort(dim=1, descending=True, stable=True)
    order = order[:, :k]
    return GroupedTopK(scores[:, :k], groups.gather(1, order), indices.gather(1, order))


def make_index(
    groups: Sequence[torch.Tensor], similarity: Similarity, *, kind: ScanKind | None = None
) -> SearchIndex:
    """Return an index of matrices in memory, to be searched more than once.

    Raises:
        UsageError: There is no group.
        MismatchError: Groups differ in width.
        DataError: A candidate holds NaN or Inf.
    """
    if not groups:
        raise UsageError("groups: nothing to search; at least one group is needed")
    return SearchIndex(
        [TensorVectors(rows) for rows in groups], cosine=similarity == "cosine", kind=kind
    )


def search_index(
    index: SearchIndex, queries: torch.Tensor, k: int, groups: Sequence[int] | None = None
) -> GroupedTopK:
    """Return the best ``k`` of an index, or of some of its groups.

    Raises:
        UsageError: ``k`` is less than 1.
        MismatchError: ``queries`` have another width than the candidates.
        DataError: ``queries`` hold NaN or Inf.
    """
    if queries.ndim != 2 or queries.shape[1] != index.width:
        raise MismatchError(
            f"queries {tuple(queries.shape)}: expected [n, {index.width}], as the candidates"
        )
    check_search(queries, k)
    return GroupedTopK(*index.search(queries.float(), k, groups))


def check_search(queries: torch.Tensor, k: int) -> None:
    """Check ``k`` and that all queries are finite; raises as :func:`search_index`."""
    if k < 1:
        raise UsageError(f"k={k}: must be at least 1")
    bad = (~queries.isfinite().all(dim=1)).nonzero().flatten()
    if len(bad):
        raise DataError(
            f"queries: {len(bad)} of {len(queries)} rows hold NaN or Inf, first: row {int(bad[0])}"
        )


def _require_matrices(queries: torch.Tensor, candidates: torch.Tensor) -> None:
    if queries.ndim != 2 or candidates.ndim != 2 or queries.shape[1] != candidates.shape[1]:
        raise MismatchError(
            f"queries {tuple(queries.shape)} and candidates {tuple(candidates.shape)}: "
            "expected [n, d] and [m, d] of one width d"
        )
