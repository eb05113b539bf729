"""LatentLens: the tokens in context whose hidden states are nearest to a visual state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from harness.core.errors import MismatchError, UsageError
from harness.core.ids import digest
from lenses.base import LensCard, LensContext, Neighbour, Queries
from lenses.library.centred import CentredSearch
from lenses.library.distinct import distinct, row_keys
from lenses.options import LatentOptions
from lenses.retrieval import check_queries
from lenses.topk import GroupedTopK

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from lenses.library.store import Library


class Search(Protocol):
    """Nearest rows over some contextual layers, as ``LibrarySearch.search``."""

    def search(
        self, queries: torch.Tensor, k: int, layers: Sequence[int] | None = None
    ) -> GroupedTopK:
        """Return the best ``k`` rows of each query."""
        ...


class LatentLens:
    """Cosine with text states of all stored contextual layers, at every visual layer.

    Each contextual layer gives its own top-k, then all are merged by score. By default nothing is
    centred, calibrated between layers or removed as a repetition; options in the lens's name
    (``lenses.options``) do that.
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
    options: type[LatentOptions] = LatentOptions

    def __init__(self, options: LatentOptions | None = None) -> None:
        self._options = options or LatentOptions()
        self._context: LensContext | None = None
        self._library: Library | None = None
        self._search: Search

    @property
    def context(self) -> LensContext:
        """The context the lens was prepared with; UsageError before that."""
        if self._context is None:
            raise UsageError(f"lens {self.card.name!r}: prepare(context) must come first")
        return self._context

    @property
    def library(self) -> Library:
        """The reference library; UsageError before ``prepare``."""
        if self._library is None:
            raise UsageError(f"lens {self.card.name!r}: prepare(context) must come first")
        return self._library

    def prepare(self, context: LensContext) -> None:
        """Open the library and prepare its search.

        Raises:
            MismatchError: The library's width is not that of the model.
            UsageError: A contextual layer that the library does not hold was asked for.
        """
        library = context.library(self._options.fraction)
        width = context.readout.embed.shape[1]
        if library.hidden != width:
            raise MismatchError(
                f"library {library.path} has vectors of width {library.hidden}, "
                f"the model has {width}: it was built from another model"
            )
        missing = sorted(set(self._options.layers) - set(library.layers))
        if missing:
            raise UsageError(
                f"lens {self.card.name!r}: layers {missing} are not in the library, "
                f"which holds {library.layers}"
            )
        self._context, self._library = context, library
        self._search = CentredSearch(library) if self._options.centred else context.search(library)

    def describe(self, queries: Queries, k: int) -> list[list[Neighbour]]:
        """Return up to ``k`` neighbours per row, best first.

        Raises:
            UsageError: ``k`` is less than 1 or the lens is not prepared.
            MismatchError: Rows and patch ids differ in number, or the width is another.
            DataError: A state holds NaN or Inf (names layer and patch).
        """
        library, repeated = self.library, self._options.dedup
        check_queries(queries)
        layers = self._layers(queries.layer)
        if repeated == "none":
            found = self._search.search(queries.states, k, layers)
        else:
            keys = row_keys(library, repeated)
            found = distinct(self._search.search, queries.states, k, layers, keys)
        return neighbours(library, found)

    def fingerprint(self) -> str:
        """Return a hash of the card and the library."""
        return digest([self.card.model_dump(mode="json"), self.library.fingerprint()])

    def _layers(self, visual: int) -> tuple[int, ...]:
        layers = self._options.layers or self.library.layers
        if self._options.same_layer:
            return (min(layers, key=lambda layer: (abs(layer - visual), layer)),)
        return layers


def neighbours(library: Library, found: GroupedTopK) -> list[list[Neighbour]]:
    """Return the library rows of ``found`` as neighbours, in their order."""
    n, k = found.indices.shape
    rows = library.table(found.indices.flatten().numpy()).to_pydict()
    layers = [library.layers[group] for group in found.groups.flatten().tolist()]
    flat = [
        Neighbour(token, token_id, word, score, layer, context, start, end)
        for token, token_id, word, score, layer, context, start, end in zip(
            rows["token"], rows["token_id"], rows["word"], found.scores.flatten().tolist(), layers,
            rows["context"], rows["start"], rows["end"], strict=True,
        )
    ]  # fmt: skip
    return [flat[row * k : (row + 1) * k] for row in range(n)]
