"""From a batch of captioned images to the sums of its loss, with the frozen parts in between."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.training.dropout import response_dropout
from harness.training.feed import Batch
from harness.training.loss import IGNORED, CaptionSums, caption_sums
from harness.vlms.controlled.model import ControlledModel


class CaptionObjective(nn.Module):
    """A controlled model that is asked for captions; what several devices replicate."""

    def __init__(
        self,
        model: ControlledModel,
        *,
        dropout: float,
        precision: torch.dtype,
    ) -> None:
        """Prepare the question.

        Args:
            model: The model; only its trainable parts get gradients.
            dropout: Rate of the response dropout.
            precision: Type of the forward pass.
        """
        super().__init__()
        self.model = model
        self.prompt_ids = tuple(model.encode_prompt(model.config.prompt))
        self.dropout, self.precision = dropout, precision

    def forward(self, batch: Batch, key: int | None = None) -> CaptionSums:
        """Return the sums over a batch.

        Args:
            batch: Captioned images.
            key: Seed of the dropout; None to measure without.
        """
        device = batch.features.device.type
        mixed = self.precision != torch.float32
        with torch.autocast(device, self.precision, enabled=mixed):
            given = self.model.embed(batch.features, batch.real, self.prompt_ids, batch.captions)
            predicting = nn.functional.pad(given.labels[:, 1:] != IGNORED, (0, 1))
            kept = _reach(predicting)
            rate = 0.0 if key is None else self.dropout
            with response_dropout(self.model.blocks, rate, predicting, key or 0):
                logits: Tensor = self.model.language_model(
                    inputs_embeds=given.inputs_embeds,
                    attention_mask=given.attention_mask,
                    use_cache=False,
                    logits_to_keep=kept,
                ).logits
        return caption_sums(logits, given.labels[:, -kept:])


def _reach(predicting: Tensor) -> int:
    """Return how many last positions hold all that predict a caption token, and one more."""
    first = int(predicting.any(0).int().argmax())
    return predicting.shape[1] - first
