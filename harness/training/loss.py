"""What a projector learns from: cross-entropy of the caption behind the picture."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional

IGNORED = -100
"""Label of positions that are not predicted."""


class CaptionSums(NamedTuple):
    """Sums over predicted tokens, which add up over batches and devices."""

    entropy: Tensor
    """Sum of -log p of the tokens, in nats; scalar float32."""
    squared: Tensor
    """Sum of the squared log of the softmax's denominator; scalar float32."""
    tokens: Tensor
    """Number of predicted tokens; scalar int64."""


def caption_sums(logits: Tensor, labels: Tensor) -> CaptionSums:
    """Return the sums of a batch.

    Args:
        logits: [b, t, v], position i predicting the token at i + 1.
        labels: [b, t], :data:`IGNORED` where a token is not to be predicted.
    """
    wanted = labels[:, 1:]
    chosen = wanted != IGNORED
    picked, ids = logits[:, :-1][chosen].float(), wanted[chosen]
    denominators = picked.logsumexp(-1)
    losses = functional.cross_entropy(picked, ids, reduction="none")
    return CaptionSums(
        entropy=losses.sum(),
        squared=denominators.square().sum(),
        tokens=chosen.sum(),
    )
