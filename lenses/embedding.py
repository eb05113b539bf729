"""EmbeddingLens: the input embeddings nearest to a visual state."""

from __future__ import annotations

import torch

from lenses.base import LensCard, Readout
from lenses.vocabulary import VocabularyLens


class EmbeddingLens(VocabularyLens):
    """Cosine with the rows of the input embedding matrix."""

    card = LensCard(
        name="embedding",
        kind="lens",
        summary="Tokens whose input embedding has the highest cosine with the state.",
        source="Krojer et al., arXiv 2602.00462, section 3",
        needs=("readout",),
        unit="token",
        similarity="cosine",
    )

    def matrix(self, readout: Readout) -> torch.Tensor:
        """Return the rows of the input embedding matrix."""
        return readout.embed
