"""Exact search against ``latentlens.ContextualIndex.search``, in one process.

``python -m benchmarks.search``; needs ``latentlens==0.1.0``. Both hold the library ready for search
in memory (the peer as float32 unit rows, ours as float32 rows and the narrow form of the scan) and
answer the same queries; loading and preparing are printed beside it, not compared.
"""

from __future__ import annotations

import argparse
import time

import torch
from latentlens.index import ContextualIndex

from benchmarks.alternate import alternate
from benchmarks.states import SHAPES, Shape, library_states, query_states
from lenses.codes import ScanKind
from lenses.index import SearchIndex
from lenses.speed import fastest_kind, product_rate
from lenses.vectors import TensorVectors

K = 5
_TIE = 1e-6
_PEAK_SHAPE = (2048, 2048, 4096)


def main() -> None:
    """Measure and print."""
    given = _arguments()
    torch.set_num_threads(given.threads or torch.get_num_threads())
    kind: ScanKind = given.kind or fastest_kind()
    peak = max(product_rate(kind, "cpu", shape) for shape in (_PEAK_SHAPE,) * 5)
    print(
        f"{torch.get_num_threads()} threads, scan in {kind}, measured peak {peak / 1e9:.0f} GOP/s"
    )
    for shape in given.states:
        _compare(given, shape, kind, peak)


def _compare(given: argparse.Namespace, shape: Shape, kind: ScanKind, peak: float) -> None:
    groups = library_states(given.layers, given.rows, given.width, shape)
    queries = query_states(given.queries, given.width, shape, groups)
    described = [{"token_str": "", "caption": "", "position": row} for row in range(given.rows)]
    peer = ContextualIndex(
        {
            layer: {"embeddings": rows, "metadata": described}
            for layer, rows in enumerate(groups, start=1)
        }
    )
    started = time.perf_counter()
    index = SearchIndex([TensorVectors(rows) for rows in groups], cosine=True, kind=kind)
    prepared = time.perf_counter() - started
    print(
        f"\n{shape}: {given.layers} layers x {given.rows} x {given.width}, "
        f"{given.queries} queries, top {K}; preparing the index took {prepared:.1f} s"
    )
    _agree(peer, index, queries)
    found = alternate(
        lambda: peer.search(queries, K), lambda: index.search(queries, K), given.rounds
    )
    print(f"search: {found}")
    work = 2 * given.queries * given.layers * given.rows * given.width
    share = work / min(found.ours) / peak
    print(f"whole search at {share:.0%} of the peak of the scan's products ({work / 1e9:.0f} GOP)")


def _agree(peer: ContextualIndex, index: SearchIndex, queries: torch.Tensor) -> None:
    """Print how far the ids are the same, and that all others are ties within float32."""
    scores, groups, rows = index.search(queries, K)
    same = ties = wrong = 0
    for number, row in enumerate(peer.search(queries, K)):
        for rank, theirs in enumerate(row):
            ours = (int(groups[number, rank]) + 1, int(rows[number, rank]))
            if ours == (theirs.contextual_layer, theirs.position):
                same += 1
            elif abs(float(scores[number, rank]) - theirs.similarity) <= _TIE:
                ties += 1
            else:
                wrong += 1
    print(f"same ids {same}, ties within {_TIE:g}: {ties}, different: {wrong}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Search against latentlens 0.1.0.")
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--width", type=int, default=3584)
    parser.add_argument("--queries", type=int, default=576)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--kind", choices=("int8", "bfloat16", "float32"))
    parser.add_argument("--states", nargs="+", choices=SHAPES, default=list(SHAPES))
    return parser.parse_args()


if __name__ == "__main__":
    main()
