"""LogitLens: the next token the model would predict from a visual state."""

from __future__ import annotations

import torch

from lenses.base import LensCard, Readout
from lenses.vocabulary import VocabularyLens, output_rows


class LogitLens(VocabularyLens):
    """Raw logits: the final norm at every layer, then the output matrix with its scale and bias."""

    card = LensCard(
        name="logit",
        kind="lens",
        summary="Tokens of highest logit after the final norm and the output matrix.",
        source="nostalgebraist 2020; Krojer et al., arXiv 2602.00462, section 3",
        needs=("readout",),
        unit="token",
        similarity="dot",
    )

    def matrix(self, readout: Readout) -> torch.Tensor:
        """Return the rows of the output matrix with the logit's scale and bias."""
        return output_rows(readout)

    def transform(self, states: torch.Tensor, layer: int) -> torch.Tensor:
        """Return normalised states with a one for the bias, [n, d + 1]."""
        normed = self.context.readout.normalise(states)
        return torch.nn.functional.pad(normed, (0, 1), value=1.0)
