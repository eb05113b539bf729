"""A lens: input embeddings compared with states after the model's final norm."""

from __future__ import annotations

import torch

from lenses.base import LensCard, LensContext
from lenses.retrieval import Candidates, RetrievalLens
from lenses.vocabulary import vocabulary_candidates


class NormedEmbeddingLens(RetrievalLens):
    """Tokens whose input embedding has the highest cosine with the normalised state."""

    card = LensCard(
        name="normed-embedding",
        kind="lens",
        summary="Input embeddings of highest cosine with the state after the final norm.",
        source="example of a plug-in",
        needs=("readout",),
        unit="token",
        similarity="cosine",
    )

    def candidates(self, context: LensContext) -> Candidates:
        """Return the rows of the input embedding."""
        readout = context.readout
        return vocabulary_candidates(readout.embed, context.vocabulary, readout.fingerprint())

    def transform(self, states: torch.Tensor, layer: int) -> torch.Tensor:
        """Return states [n, d] after the final norm."""
        return self.context.readout.normalise(states)
