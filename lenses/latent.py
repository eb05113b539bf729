"""LatentLens: the tokens in context whose hidden states are nearest to a visual state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.core.errors import MismatchError
from lenses.base import LensCard, LensContext, Neighbour
from lenses.library.search import search
from lenses.retrieval import CandidateGroup, Candidates, Describer, RetrievalLens
from lenses.topk import GroupedTopK

if TYPE_CHECKING:
    import torch

    from lenses.library.store import Library


class LatentLens(RetrievalLens):
    """Cosine with text states of all stored contextual layers, at every visual layer.

    Each contextual layer gives its own top-k, then all are merged by score. Nothing is centred,
    calibrated between layers or removed as a repetition.
    """

    card = LensCard(
        name="latent",
        kind="lens",
        summary="Words in phrases whose hidden states have the highest cosine with the state.",
        source="Krojer et al., arXiv 2602.00462, section 3",
        needs=("library",),
        unit="word",
        similarity="cosine",
    )

    library: Library
    """The reference library; set by ``prepare``."""

    def candidates(self, context: LensContext) -> Candidates:
        """Return the library's rows, one group per contextual layer.

        Raises:
            MismatchError: The library's width is not that of the model.
        """
        self.library = context.library()
        width = context.readout.embed.shape[1]
        if self.library.hidden != width:
            raise MismatchError(
                f"library {self.library.path} has vectors of width {self.library.hidden}, "
                f"the model has {width}: it was built from another model"
            )
        groups = tuple(
            CandidateGroup(self.library.stored(layer), layer, row_describer(self.library, layer))
            for layer in self.library.layers
        )
        return Candidates(groups, self.library.fingerprint())

    def retrieve(self, queries: torch.Tensor, k: int) -> GroupedTopK:
        """Return the nearest library rows."""
        return search(self.library, queries, k)


def row_describer(library: Library, layer: int) -> Describer:
    """Return the function that describes a row of ``library`` at one contextual layer."""

    def neighbour(index: int, score: float) -> Neighbour:
        row = library.row(index)
        return Neighbour(
            token=row.token,
            token_id=row.token_id,
            word=row.word,
            score=score,
            source_layer=layer,
            context=row.context,
            start=row.start,
            end=row.end,
        )

    return neighbour
