"""EmbeddingLens: the input embeddings nearest to a visual state."""

from __future__ import annotations

from lenses.base import LensCard, LensContext
from lenses.retrieval import Candidates, RetrievalLens
from lenses.vocabulary import vocabulary_candidates


class EmbeddingLens(RetrievalLens):
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

    def candidates(self, context: LensContext) -> Candidates:
        """Return the rows of the input embedding matrix."""
        readout = context.readout
        return vocabulary_candidates(readout.embed, context.vocabulary, readout.fingerprint())
