"""How many of the nearest rows 8-bit libraries find, on real states of the bundled miniature.

``python -m benchmarks.recall``. Of the answers of the narrow library alone: *ids*, the share that
is in the exact top 5; *near*, the share that scores at most 0.001 less than the 5th best, which
is how ann-benchmarks counts recall. The miniature's states have many neighbours that are equal to
four digits, so ids is low even for float16. *After* takes the best 64 rows of the narrow library,
orders them by the float32 rows they were rounded from, and counts ids.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from harness.core.ids import sha256_lines
from harness.data.sources import open_source
from harness.mini.entry import CORPUS
from harness.vlms.base import Adapter
from harness.vlms.registry import load_vlm
from lenses.exact import exact_cosine
from lenses.library.build import build_library
from lenses.library.convert import convert_library
from lenses.library.corpus import Corpus, read_corpus
from lenses.library.key import make_key
from lenses.library.search import LibrarySearch
from lenses.library.store import Library
from lenses.topk import GroupedTopK

K, CANDIDATES = 5, 64
NEAR = 1e-3
_LAYERS = (1, 2, 4, 6, 7)


@dataclass(frozen=True, slots=True)
class Recall:
    """Shares of ``K`` answers; a row that ties with the exact ``K``-th best counts as found."""

    ids: float
    near: float
    after: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Recall of 8-bit libraries on real states.")
    parser.add_argument("--phrases", type=int, default=24_000)
    parser.add_argument("--scenes", type=int, default=20)
    given = parser.parse_args()
    adapter = load_vlm("mini")
    queries = visual_states(adapter, given.scenes)
    with tempfile.TemporaryDirectory() as folder:
        full = text_library(adapter, Path(folder), given.phrases)
        print(f"{len(queries)} visual states, {len(full)} rows x {len(full.layers)} layers")
        for dtype in ("float16", "bfloat16", "int8", "float8"):
            narrow = convert_library(full.path, Path(folder) / dtype, dtype)
            found = recall(full, narrow, queries)
            print(
                f"{dtype:>8}: recall@{K} ids {found.ids:.4f}, near {found.near:.4f}, "
                f"after {found.after:.4f}"
            )


def visual_states(adapter: Adapter, scenes: int) -> torch.Tensor:
    """Return the states of all visual tokens of some scenes at all layers, [n, d]."""
    source = open_source("scenes:heldout", scenes)
    layers = range(adapter.facts.layers + 1)
    encoded = [adapter.encode(source.open(record), layers) for record in source.records()]
    return torch.cat([states for tokens in encoded for states in tokens.states.values()])


def text_library(adapter: Adapter, folder: Path, phrases: int) -> Library:
    """Build the library of the first phrases of the bundled corpus, stored as float32."""
    lines = read_corpus(CORPUS).lines[:phrases]
    corpus = Corpus(
        lines, sha256_lines(sorted(lines)), sha256_lines(lines), "mini", len(lines), 0, 0
    )
    key = make_key(
        corpus, adapter.tokenizer, _LAYERS, model_hash=adapter.facts.weights_hash, dtype="float32"
    )
    library = build_library(folder / "float32", corpus, adapter.tokenizer, adapter.text_states, key)
    assert library is not None
    return library


def recall(full: Library, narrow: Library, queries: torch.Tensor) -> Recall:
    """Compare the answers of ``narrow`` with those of the library it was converted from."""
    exact = LibrarySearch(full).search(queries, K).scores[:, -1:]
    wide = _rescored(full, LibrarySearch(narrow).search(queries, CANDIDATES), queries)
    best = wide.sort(dim=1, descending=True).values
    return Recall(
        ids=float((wide[:, :K] >= exact).double().mean()),
        near=float((wide[:, :K] >= exact - NEAR).double().mean()),
        after=float((best[:, :K] >= exact).double().mean()),
    )


def _rescored(full: Library, found: GroupedTopK, queries: torch.Tensor) -> torch.Tensor:
    """Return the float64 scores of the rows of ``found`` in the full library."""
    rows = torch.stack([full.vectors(layer) for layer in full.layers])
    parts = [
        exact_cosine(queries[part][:, None], rows[found.groups[part], found.indices[part]])
        for part in torch.arange(len(queries)).tensor_split(max(1, len(queries) // 256))
    ]
    return torch.cat(parts)


if __name__ == "__main__":
    main()
