"""Nearest library rows of a batch of states, over all contextual layers at once or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import torch

from harness.core.errors import UsageError
from lenses.codes import ScanKind, code_bytes
from lenses.index import SearchIndex
from lenses.library.engines.faiss_engine import FaissEngine
from lenses.library.engines.spec import EXACT
from lenses.library.store import Library
from lenses.memory import free_memory
from lenses.speed import fastest_kind
from lenses.topk import GroupedTopK, TopK, merged, recall, search_index

_SHARE = 0.5


class LibrarySearch:
    """A library prepared for search by cosine.

    The exact engine scans all rows in the narrow form that this machine multiplies fastest and
    decides in float64, see ``lenses.topk``. The narrow form is kept in memory if it fits, and made
    anew while reading the library from disk, part by part, if it does not.

    Args:
        library: An open library.
        engine: ``exact`` or a faiss engine such as ``faiss:ivf``.
        memory: Bytes the narrow form may take; by default half of what is free.
        kind: Form of the scan; by default the fastest.
        device: Where the scan runs.

    Raises:
        UsageError: Unknown ``engine``.
        DataError: A part of the library cannot be read or holds NaN or Inf.
    """

    def __init__(
        self,
        library: Library,
        *,
        engine: str = EXACT,
        memory: int | None = None,
        kind: ScanKind | None = None,
        device: str = "cpu",
    ) -> None:
        self.library = library
        self.engine = engine
        self._layers = [library.layer(layer) for layer in library.layers]
        kind = kind or fastest_kind(device)
        self.resident = fits(library, kind, memory)
        self._index: SearchIndex | None = None
        self._faiss: list[FaissEngine] = []
        if engine == EXACT:
            self._index = SearchIndex(
                self._layers, cosine=True, kind=kind, resident=self.resident, device=device
            )
        else:
            self._faiss = [FaissEngine([layer], engine) for layer in self._layers]

    @property
    def approximate(self) -> bool:
        """Whether the engine may miss rows; :meth:`recall` measures how many."""
        return any(engine.approximate for engine in self._faiss)

    def search(
        self, queries: torch.Tensor, k: int, layers: Sequence[int] | None = None
    ) -> GroupedTopK:
        """Return the ``k`` rows of highest cosine per query over all layers, or over some.

        That is what each layer's own best ``k`` give when they are merged by score, without
        removing repeated tokens or phrases (Krojer et al., arXiv 2602.00462, section 3). Ties:
        earlier layer, then lower row.

        Args:
            queries: [n, d] states of any length.
            k: Rows per query.
            layers: Contextual layers to search.

        Returns:
            Cosines, positions in ``library.layers`` and row numbers, each [n, k].

        Raises:
            UsageError: ``k`` is less than 1, or a layer is not in the library.
            MismatchError: The width of ``queries`` is not that of the library.
            DataError: ``queries`` hold NaN or Inf.
        """
        groups = self._positions(self.library.layers if layers is None else layers)
        if self._index is not None:
            return search_index(self._index, queries, k, groups)
        found = [(group, self._faiss[group].search(queries, k)) for group in groups]
        return merged([(group, TopK(part.scores, part.indices)) for group, part in found], k)

    def each_layer(self, queries: torch.Tensor, k: int) -> dict[int, TopK]:
        """Return every layer's own best ``k`` rows; raises as :meth:`search`."""
        found = {layer: self.search(queries, k, [layer]) for layer in self.library.layers}
        return {layer: TopK(part.scores, part.indices) for layer, part in found.items()}

    def recall(self, queries: torch.Tensor, k: int) -> float:
        """Return the share of the exact answers that the engine finds; ties count as found.

        Args:
            queries: [n, d]; a sample of some hundred is enough.
            k: Rows per query.
        """
        index = SearchIndex(self._layers, cosine=True, resident=False)
        return recall(self.search(queries, k), search_index(index, queries, k))

    def table(self, found: GroupedTopK) -> pa.Table:
        """Return the answers as a table, one row per query and rank.

        Columns: query, rank, score, source_layer and row, then those of ``Library.table``.
        """
        n, k = found.indices.shape
        rows = found.indices.flatten().numpy()
        layers = torch.tensor(self.library.layers)[found.groups.flatten()]
        columns: dict[str, Any] = {
            "query": torch.arange(n).repeat_interleave(k).numpy(),
            "rank": torch.arange(k).repeat(n).numpy(),
            "score": found.scores.flatten().numpy(),
            "source_layer": layers.numpy(),
            "row": rows,
        }
        described = self.library.table(rows)
        return pa.table(
            {**columns, **dict(zip(described.column_names, described.columns, strict=True))}
        )

    def _positions(self, layers: Sequence[int]) -> list[int]:
        known = self.library.layers
        unknown = sorted(set(layers) - set(known))
        if unknown:
            raise UsageError(
                f"layers {tuple(layers)}: {unknown} not in library {self.library.path}, "
                f"which holds {known}"
            )
        return [position for position, layer in enumerate(known) if layer in layers]


def fits(library: Library, kind: ScanKind, memory: int | None = None) -> bool:
    """Return whether the narrow form of all layers may be kept in memory.

    Args:
        library: An open library.
        kind: Form of the scan.
        memory: Bytes it may take; by default half of what is free.
    """
    wanted = code_bytes(len(library) * len(library.layers), library.hidden, kind)
    return wanted <= (free_memory() * _SHARE if memory is None else memory)


def search(library: Library, queries: torch.Tensor, k: int) -> GroupedTopK:
    """Search ``library`` once; whoever searches it again keeps a :class:`LibrarySearch`."""
    return LibrarySearch(library).search(queries, k)
