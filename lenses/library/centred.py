"""Search around each layer's mean, so that a direction common to all states has no part in it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from lenses.index import SearchIndex
from lenses.library.layer import LayerVectors
from lenses.library.search import fits
from lenses.library.store import Library
from lenses.speed import fastest_kind
from lenses.topk import GroupedTopK, TopK, merged, search_index


class CentredVectors:
    """Unit rows of a layer minus their mean."""

    def __init__(self, vectors: LayerVectors) -> None:
        self._vectors = vectors

    @property
    def width(self) -> int:
        """Length of each vector."""
        return self._vectors.width

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._vectors)

    def read(self, start: int, stop: int) -> torch.Tensor:
        """Return a range of rows, float32."""
        return self._vectors.read(start, stop) - self._vectors.mean

    def gather(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the rows of ascending numbers, float32."""
        return self._vectors.gather(rows) - self._vectors.mean


class CentredSearch:
    """Cosine of (unit query - layer's mean) with (unit row - layer's mean), layer by layer.

    The mean is that of the library's rows, so an answer depends on the query alone.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        resident = fits(library, fastest_kind())
        self._indexes = {
            layer: SearchIndex(
                [CentredVectors(library.layer(layer))], cosine=True, resident=resident
            )
            for layer in library.layers
        }

    def search(
        self, queries: torch.Tensor, k: int, layers: Sequence[int] | None = None
    ) -> GroupedTopK:
        """Return the best ``k`` rows per query; arguments and errors as ``LibrarySearch``."""
        lengths = torch.linalg.vector_norm(queries, dim=1, keepdim=True, dtype=torch.float64)
        units = (queries.double() / torch.where(lengths > 0, lengths, 1.0)).float()
        found = []
        for position, layer in enumerate(self._library.layers):
            if layers is None or layer in layers:
                centred = units - self._library.layer(layer).mean
                part = search_index(self._indexes[layer], centred, k)
                found.append((position, TopK(part.scores, part.indices)))
        return merged(found, k)
