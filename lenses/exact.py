"""Dot products and cosines that depend on the two vectors only, not on shape, batch or device."""

from __future__ import annotations

import torch


def exact_dot(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return float64 dot products over the last axis of two broadcastable tensors.

    Products of float32 values are exact in float64; they are added by halving the axis with
    elementwise sums, so the order of summation is fixed by the width alone.
    """
    terms = left.double() * right.double()
    while (width := terms.shape[-1]) > 1:
        half = width // 2
        head = terms[..., :half] + terms[..., width - half :]
        terms = head if width % 2 == 0 else torch.cat([head, terms[..., half : half + 1]], dim=-1)
    return terms.squeeze(-1)


def exact_cosine(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return float64 cosines over the last axis, in [-1, 1]; 0 where a vector is zero."""
    left_norms = exact_dot(left, left).sqrt()
    right_norms = exact_dot(right, right).sqrt()
    scale = nonzero(left_norms) * nonzero(right_norms)
    return (exact_dot(left, right) / scale).clamp(-1.0, 1.0)


def nonzero(norms: torch.Tensor) -> torch.Tensor:
    """Return ``norms`` with every zero replaced by one, so that a zero vector stays zero."""
    return torch.where(norms > 0, norms, 1.0)
