"""One faiss index per group of candidates, equal on every run and for every batch of queries."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from harness.core.errors import DataError, UsageError
from harness.core.progress import announce, progress
from harness.core.rng import keyed_rng
from lenses.exact import nonzero
from lenses.library.engines.spec import FaissSpec
from lenses.vectors import Vectors

CODES = 256
"""Centroids per piece of a product quantiser: a byte tells them apart."""
ROWS_PER_CELL = 39
"""Fewest rows per cell; below it faiss calls a clustering badly trained."""
_BLOCK = 4096
_TRAINING_ROWS = 65_536
_VISITED_SHARE = 16
_LEAST_VISITED = 8
_LARGEST_PIECE = 15
"""From 16 values on faiss compares pieces of several queries in one matrix product."""
_NO_BLAS = 2**31 - 1


class FaissIndex:
    """The unit vectors of one group in a faiss index for inner products.

    Training and filling use one thread and draws keyed by ``seed``, so that equal vectors give an
    equal index. ``ivf`` has at most one cell per 39 rows; under ``pq`` a group of fewer than 256
    rows is kept as float32.

    Args:
        vectors: The candidates.
        spec: Kind and sizes.
        group: Position of the group, for draws and messages.
        seed: Seed of the draws.

    Raises:
        UsageError: ``pq`` with a number of bytes that does not divide the width, or leaves more
            than 15 values to a byte.
        DataError: A vector holds NaN or Inf.
    """

    def __init__(self, vectors: Vectors, spec: FaissSpec, group: int, seed: int) -> None:
        self.exact = spec.kind == "flat" or len(vectors) < (CODES if spec.kind == "pq" else 1)
        self._index = _empty_index(vectors, spec, group, seed, flat=self.exact)
        with _one_thread():
            if not self._index.is_trained:
                draw = keyed_rng("faiss training", group, seed)
                size = min(len(vectors), _TRAINING_ROWS)
                rows = torch.from_numpy(np.sort(draw.choice(len(vectors), size, replace=False)))
                self._index.train(_units(vectors.gather(rows), group, rows))
            starts = range(0, len(vectors), _BLOCK)
            for start in progress(starts, description=f"faiss index of group {group}"):
                stop = min(start + _BLOCK, len(vectors))
                self._index.add(_units(vectors.read(start, stop), group, torch.arange(start, stop)))

    def propose(
        self, units: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the inner products and rows of ``count`` candidates per query, best first.

        Args:
            units: Unit queries, [n, d].
            count: At most the rows of the group.
        """
        if self.exact:
            # The caller proves the answer, so last bits may depend on the other queries.
            return self._searched(units, count)
        with _query_by_query():
            scores, rows = self._searched(units, count)
            short = np.flatnonzero((rows < 0).any(axis=1))
            if len(short):
                # The visited cells hold too few rows: visit all.
                everywhere = faiss.SearchParametersIVF()
                everywhere.nprobe = self._index.nlist
                scores[short], rows[short] = self._searched(units[short], count, everywhere)
        return scores, rows

    def _searched(
        self, units: NDArray[np.float32], count: int, params: Any = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        scores, rows = self._index.search(np.ascontiguousarray(units), count, params=params)
        return scores, rows


def _empty_index(vectors: Vectors, spec: FaissSpec, group: int, seed: int, *, flat: bool) -> Any:
    """Return the faiss index to train and fill."""
    width, metric = vectors.width, faiss.METRIC_INNER_PRODUCT
    if flat:
        return faiss.IndexFlatIP(width)
    if spec.kind == "sq8":
        return faiss.IndexScalarQuantizer(width, faiss.ScalarQuantizer.QT_8bit, metric)
    if spec.kind == "ivf":
        cells = _cells(len(vectors), spec, group)
        inverted = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, cells, metric)
        inverted.nprobe = min(cells, spec.nprobe or max(_LEAST_VISITED, cells // _VISITED_SHARE))
        _prepare(inverted.cp, seed)
        return inverted
    quantised = faiss.IndexPQ(width, _pieces(width, spec), 8, metric)
    _prepare(quantised.pq.cp, seed)
    return quantised


def _prepare(clustering: faiss.ClusteringParameters, seed: int) -> None:
    clustering.seed = seed
    # The sizes were chosen with care: no remarks of faiss on standard error.
    clustering.min_points_per_centroid = 1


def _cells(rows: int, spec: FaissSpec, group: int) -> int:
    """Return the number of cells: 4 sqrt(rows) unless asked for, with enough rows in each."""
    most = max(1, rows // ROWS_PER_CELL)
    if spec.size is not None and spec.size > most:
        announce(f"faiss ivf{spec.size}: group {group} has {rows} rows, {most} cells are used")
    return min(spec.size or round(4 * rows**0.5), most)


def _pieces(width: int, spec: FaissSpec) -> int:
    """Return the bytes per vector: pieces of at most 4 values unless asked for."""
    allowed = [
        size
        for size in range(1, width + 1)
        if width % size == 0 and width // size <= _LARGEST_PIECE
    ]
    if spec.size is None:
        return next(size for size in allowed if 4 * size >= width)
    if spec.size not in allowed:
        known = ", ".join(map(str, allowed))
        raise UsageError(f"faiss pq{spec.size}: width {width} can be cut into {known} pieces")
    return spec.size


def _units(rows: torch.Tensor, group: int, numbers: torch.Tensor) -> NDArray[np.float32]:
    """Return [n, d] at unit length; a zero vector stays zero. ``numbers`` [n] is for messages."""
    bad = (~rows.isfinite().all(dim=1)).nonzero().flatten()
    if len(bad):
        raise DataError(f"candidates of group {group}: row {int(numbers[bad[0]])} holds NaN or Inf")
    norms = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64)
    units: NDArray[np.float32] = (rows.double() / nonzero(norms)[:, None]).float().cpu().numpy()
    return units


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Add up the sums of the training in one order on machines of any number of cores."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


@contextlib.contextmanager
def _query_by_query() -> Iterator[None]:
    """Give a query the same sums in any company: no matrix products over several queries."""
    threshold = faiss.cvar.distance_compute_blas_threshold
    faiss.cvar.distance_compute_blas_threshold = _NO_BLAS
    try:
        yield
    finally:
        faiss.cvar.distance_compute_blas_threshold = threshold
