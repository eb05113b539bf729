"""Nearest library rows of a batch of states over all contextual layers."""

from __future__ import annotations

import torch

from lenses.library.store import Library
from lenses.topk import GroupedTopK, grouped_top_k


def search(library: Library, queries: torch.Tensor, k: int) -> GroupedTopK:
    """Return the ``k`` rows of highest cosine per query, over all stored layers.

    Each layer gives its own best ``k``; they are merged by score, without removing repeated tokens
    or phrases (Krojer et al., arXiv 2602.00462, section 3). Ties: earlier layer, then lower row.

    Args:
        library: An open library.
        queries: [n, d] states of any length.
        k: Rows per query.

    Returns:
        Cosines, positions in ``library.layers`` and row numbers, each [n, k].

    Raises:
        MismatchError: The width of ``queries`` is not that of the library.
        DataError: ``queries`` hold NaN or Inf.
    """
    vectors = [library.stored(layer) for layer in library.layers]
    return grouped_top_k(queries, vectors, k, similarity="cosine")
