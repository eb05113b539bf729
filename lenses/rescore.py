"""From proposed pairs to the answer: float32 products thin them out, float64 scores decide."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch

from lenses.exact import exact_dot, nonzero
from lenses.scan import Pairs, kth_score
from lenses.vectors import TensorVectors, Vectors

_GATHERED = 1024
"""Candidates read at once."""
_DECIDED = 64
"""Pairs scored in float64 at once, so that the products stay in the cache."""


def float32_error(width: int) -> float:
    """Return the error of a float32 score of unit vectors in any order of summation.

    Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., eq. 3.5.
    """
    return (width + 16) * 2.0**-24


def float32_scores(
    pairs: Pairs, units: torch.Tensor, groups: Sequence[Vectors], norms: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Return the scores of ``pairs`` as float32 products, [p], within :func:`float32_error`.

    Args:
        pairs: Pairs to score.
        units: Unit queries [n, d] float32.
        groups: Candidates.
        norms: What candidates are divided by, [rows] float32 per group.
    """
    scores = torch.empty(len(pairs), dtype=torch.float32, device=units.device)
    for group, vectors in enumerate(groups):
        here = (pairs.groups == group).nonzero().flatten()
        if len(here):
            scores[here] = _group_scores(pairs.select(here), units, vectors, norms[group])
    return scores


def thin(pairs: Pairs, scores: torch.Tensor, n: int, k: int, error: float) -> Pairs:
    """Return the pairs that may be among the ``k`` best of their query, given ``scores``."""
    floors = kth_score(scores, pairs.queries, n, k) - 2 * error
    return pairs.select(scores >= floors[pairs.queries])


def decide(
    pairs: Pairs, queries: torch.Tensor, groups: Sequence[Vectors], *, cosine: bool
) -> torch.Tensor:
    """Return the float64 scores of ``pairs``, [p]; they depend on the two vectors only.

    Args:
        pairs: Pairs that are left.
        queries: [n, d] float32, as given.
        groups: Candidates.
        cosine: Whether both sides are divided by their length.
    """
    scores = torch.empty(len(pairs), dtype=torch.float64, device=queries.device)
    lengths = _lengths(queries) if cosine else None
    for group, vectors in enumerate(groups):
        here = (pairs.groups == group).nonzero().flatten()
        rows, place = torch.unique(pairs.rows[here], return_inverse=True)
        order = torch.argsort(place)
        for first in range(0, len(rows), _GATHERED):
            gathered = vectors.gather(rows[first : first + _GATHERED]).to(queries.device)
            start, stop = torch.searchsorted(
                place[order], place.new_tensor([first, first + len(gathered)])
            ).tolist()
            chosen = here[order[start:stop]]
            local, asked = place[order[start:stop]] - first, pairs.queries[chosen]
            dots = _dots(queries, gathered, asked, local)
            if lengths is not None:
                dots = (dots / (lengths[asked] * _lengths(gathered)[local])).clamp_(-1.0, 1.0)
            scores[chosen] = dots
    return scores


def _dots(
    left: torch.Tensor, right: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    """Return the float64 dot products ``left[rows] . right[columns]``."""
    found = torch.empty(len(rows), dtype=torch.float64, device=left.device)
    for start in range(0, len(rows), _DECIDED):
        part = slice(start, start + _DECIDED)
        found[part] = exact_dot(left[rows[part]], right[columns[part]])
    return found


def _lengths(vectors: torch.Tensor) -> torch.Tensor:
    """Return the float64 lengths of vectors [r, d], zero replaced by one."""
    found = torch.empty(len(vectors), dtype=torch.float64, device=vectors.device)
    for start in range(0, len(vectors), _DECIDED):
        part = vectors[start : start + _DECIDED]
        found[start : start + _DECIDED] = exact_dot(part, part)
    return nonzero(found.sqrt())


def _group_scores(
    pairs: Pairs, units: torch.Tensor, vectors: Vectors, norms: torch.Tensor
) -> torch.Tensor:
    """Return the float32 scores of pairs of one group, reading each candidate once."""
    order = torch.argsort(pairs.rows)
    rows, queries = pairs.rows[order], pairs.queries[order]
    scores = torch.empty(len(pairs), dtype=torch.float32, device=units.device)
    if isinstance(vectors, TensorVectors) and vectors.matrix.dtype == torch.float32:
        # Already in memory in the type of the product: nothing need be gathered.
        matrix = vectors.matrix.to(units.device)
        scores[order] = _sampled(matrix, units, rows, queries) / norms[rows]
        return scores
    distinct, place = torch.unique_consecutive(rows, return_inverse=True)
    for first in range(0, len(distinct), _GATHERED):
        here = distinct[first : first + _GATHERED]
        start, stop = torch.searchsorted(
            place, place.new_tensor([first, first + len(here)])
        ).tolist()
        gathered = vectors.gather(here).to(units.device)
        dots = _sampled(gathered, units, place[start:stop] - first, queries[start:stop])
        scores[order[start:stop]] = dots / norms[rows[start:stop]]
    return scores


def _sampled(
    left: torch.Tensor, right: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    """Return ``left[rows] . right[columns]`` without copies of either; ``rows`` ascend."""
    counts = torch.bincount(rows, minlength=len(left))
    starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    with warnings.catch_warnings():
        # torch calls every use of the CSR layout a beta.
        warnings.simplefilter("ignore", UserWarning)
        wanted = torch.sparse_csr_tensor(
            starts, columns, left.new_zeros(len(rows)), (len(left), len(right)),
            check_invariants=False,
        )  # fmt: skip
        found: torch.Tensor = torch.sparse.sampled_addmm(wanted, left, right.T, beta=0.0)
    return found.values()
