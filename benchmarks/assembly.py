"""From arrays to answers: our table against the per-token objects of ``latentlens`` 0.1.0.

``python -m benchmarks.assembly``. The peer builds its objects inside ``search``; with rows of 8
dimensions the products cost next to nothing, and what they cost is measured and taken off.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch
from latentlens.index import ContextualIndex

from benchmarks.alternate import alternate
from lenses.library.search import LibrarySearch
from tests.lenses.library.synthetic import random_library

_LAYERS = (1, 2, 4, 8)
_ROWS, _WIDTH, _K = 2000, 8, 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Result assembly against latentlens 0.1.0.")
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = random_library(Path(folder) / "library", _ROWS, _WIDTH, _LAYERS)
        prepared = LibrarySearch(library, kind="float32")
        queries = torch.randn(given.queries, _WIDTH, generator=torch.Generator().manual_seed(0))
        rows = library.table(range(_ROWS)).to_pylist()
        described = [
            {
                "token_str": row["token"],
                "token_id": row["token_id"],
                "caption": row["context"],
                "position": row["position"],
            }
            for row in rows
        ]
        peer = ContextualIndex(
            {
                layer: {"embeddings": library.vectors(layer), "metadata": described}
                for layer in _LAYERS
            }
        )
        found = prepared.search(queries, _K)
        products = min(_products(peer, queries) for _ in range(5))
        ratios = alternate(
            lambda: peer.search(queries, _K), lambda: prepared.table(found), given.rounds
        )
    peer_only = sorted(seconds - products for seconds in ratios.peer)[len(ratios.peer) // 2]
    ours = sorted(ratios.ours)[len(ratios.ours) // 2]
    print(
        f"{given.queries} queries, top {_K} of {len(_LAYERS)} layers\n"
        f"peer: objects {1000 * peer_only:.0f} ms (its products, taken off: "
        f"{1000 * products:.0f} ms); ours: table {1000 * ours:.1f} ms\n"
        f"assembly: {peer_only / ours:.0f}x (median of {given.rounds} alternations)"
    )


def _products(peer: ContextualIndex, queries: torch.Tensor) -> float:
    """Return the seconds of the peer's products and selections alone."""
    started = time.perf_counter()
    unit = torch.nn.functional.normalize(queries, dim=-1)
    for layer in peer.available_layers:
        torch.topk(unit @ peer._layers_data[layer]["embeddings"].T, k=_K, dim=-1)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
