"""The loss on held-out captions."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from harness.core.errors import DataError
from harness.core.progress import progress
from harness.core.records import Record
from harness.training.captions import Example, share_of
from harness.training.feed import Feed
from harness.training.objective import CaptionObjective
from harness.training.workers import Workers


class HeldOutLoss(Record):
    """Cross-entropy of captions that are not trained on, in nats per token, without dropout."""

    step: int
    """Updates done before it was measured."""
    loss: float
    """Mean over all predicted tokens."""
    tokens: int
    """Number of predicted tokens."""
    captions: int
    """Number of captions."""


@torch.no_grad()
def measure(
    objective: CaptionObjective,
    feed: Feed,
    examples: Sequence[Example],
    micro: int,
    workers: Workers,
    step: int,
) -> HeldOutLoss:
    """Return the loss on ``examples``; every process gets the same record.

    Args:
        objective: The model, not yet shared among processes.
        feed: Reads the examples.
        examples: All held-out captions, the same in every process.
        micro: Most captions at once.
        workers: The processes, among which the captions are divided.
        step: Updates done.

    Raises:
        DataError: The loss is not finite, or an image is broken.
    """
    own = share_of(range(len(examples)), workers.number, workers.count)
    starts = range(0, len(own), micro)
    parts = [[examples[number] for number in own[start : start + micro]] for start in starts]
    sums = torch.zeros(2, dtype=torch.float64, device=workers.device)
    batches = progress(feed.batches(parts), description="held-out captions", total=len(parts))
    for batch in batches:
        found = objective(batch)
        sums += torch.stack([found.entropy.double(), found.tokens.double()])
    entropy, tokens = (float(total) for total in workers.totals(list(sums)))
    loss = HeldOutLoss(
        step=step,
        loss=entropy / tokens,
        tokens=int(tokens),
        captions=len(examples),
    )
    if not torch.isfinite(torch.tensor(loss.loss)):
        raise DataError(f"step {step}: the held-out loss is {loss.loss}, expected a finite number")
    return loss
