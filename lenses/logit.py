"""LogitLens: the next token the model would predict from a visual state."""

from __future__ import annotations

import torch

from lenses.base import LensCard, LensContext
from lenses.retrieval import Candidates, RetrievalLens
from lenses.vocabulary import output_rows, vocabulary_candidates


class LogitLens(RetrievalLens):
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

    def candidates(self, context: LensContext) -> Candidates:
        """Return the rows of the output matrix."""
        readout = context.readout
        rows = output_rows(readout)
        return vocabulary_candidates(rows, context.vocabulary, readout.fingerprint())

    def transform(self, states: torch.Tensor, layer: int) -> torch.Tensor:
        """Return normalised states with a one for the bias, [n, d + 1]."""
        normed = self.context.readout.normalise(states)
        return torch.nn.functional.pad(normed, (0, 1), value=1.0)
