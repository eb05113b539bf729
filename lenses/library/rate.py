"""How fast an encoder runs, noted while it is used for something else."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from lenses.library.encode import TextEncoder


class MeteredEncoder:
    """An encoder that passes calls on and notes speed and width.

    Args:
        encoder: The encoder.
    """

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self.rate = 0.0
        """Positions per second of the fastest call; the first one warms up."""
        self.hidden = 0
        """Width of the states; 0 before the first call."""

    def __call__(
        self,
        ids: torch.Tensor,
        layers: Sequence[int],
        *,
        positions: torch.Tensor | None = None,
        attends: torch.Tensor | None = None,
        keep: torch.Tensor | None = None,
    ) -> dict[int, torch.Tensor]:
        """Run the encoder, see ``TextEncoder``."""
        begun = time.perf_counter()
        states = self._encoder(ids, layers, positions=positions, attends=attends, keep=keep)
        seconds = time.perf_counter() - begun
        self.rate = max(self.rate, ids.numel() / seconds)
        self.hidden = max(tensor.shape[-1] for tensor in states.values())
        return states
