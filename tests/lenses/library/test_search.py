from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import torch

from harness.core.errors import DataError, MismatchError, UsageError
from lenses.codes import ScanKind
from lenses.library.search import LibrarySearch, search
from lenses.library.store import Library
from tests.lenses.fixtures import HIDDEN, LAYERS
from tests.lenses.library.synthetic import random_library

ROWS, WIDTH = 5000, 96
EIGHT_BIT = ("int8", "float8")

LIMITED = """
import json, resource, sys
import torch
from lenses.library.search import LibrarySearch
from lenses.library.store import Library
from pathlib import Path

headroom = int(sys.argv[2])
library = Library.open(Path(sys.argv[1]))
queries = torch.randn(16, library.hidden, generator=torch.Generator().manual_seed(7))
torch.randn(8, 8) @ torch.randn(8, 8)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + headroom, used + headroom))
prepared = LibrarySearch(library, kind="int8")
found = prepared.search(queries, 5)
try:
    library.vectors(library.layers[0])
    fits = True
except (RuntimeError, MemoryError, OSError):
    fits = False
print(json.dumps([fits, prepared.resident, found.groups.tolist(), found.indices.tolist()]))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return random_library(tmp_path_factory.mktemp("search") / "library", ROWS, WIDTH)


def expected(library: Library, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return float64 cosines and positions in the layers one after the other, by a full sort."""
    rows = torch.cat([library.vectors(layer) for layer in library.layers]).double()
    unit = torch.nn.functional.normalize(queries.double())
    cosines = unit @ torch.nn.functional.normalize(rows).T
    found = cosines.sort(dim=1, descending=True, stable=True)
    return found.values[:, :k], found.indices[:, :k]


def test_a_stored_state_finds_itself(library: Library) -> None:
    for number, layer in enumerate(LAYERS):
        queries = library.vectors(layer, unit=False)
        found = search(library, queries, 3)
        assert found.groups[:, 0].tolist() == [number] * len(library)
        assert found.indices[:, 0].tolist() == list(range(len(library)))
        assert torch.allclose(found.scores[:, 0], torch.ones(len(library)).double(), atol=1e-5)


def test_merge_is_over_all_layers_without_removing_repetitions(library: Library) -> None:
    queries = torch.randn(30, HIDDEN, generator=torch.Generator().manual_seed(0))
    found = search(library, queries, 5)
    scores, _ = expected(library, queries, 5)
    assert torch.allclose(found.scores, scores, atol=1e-6)
    repeated = [len({library.row(i).token for i in row}) < 5 for row in found.indices.tolist()]
    assert any(repeated)


@pytest.mark.parametrize("memory", [0, None])
@pytest.mark.parametrize("kind", get_args(ScanKind))
def test_every_kind_and_streaming_give_the_full_sort(
    large: Library, kind: ScanKind, memory: int | None
) -> None:
    queries = torch.randn(70, WIDTH, generator=torch.Generator().manual_seed(1)) + 0.2
    prepared = LibrarySearch(large, kind=kind, memory=memory)
    assert prepared.resident == (memory is None)
    found = prepared.search(queries, 5)
    scores, places = expected(large, queries, 5)
    assert torch.equal(found.groups * ROWS + found.indices, places)
    assert torch.allclose(found.scores, scores, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", *EIGHT_BIT])
def test_narrow_libraries_are_searched_exactly_as_stored(tmp_path: Path, dtype: str) -> None:
    stored = random_library(tmp_path / dtype, 1500, 64, dtype=dtype)
    queries = torch.randn(20, 64, generator=torch.Generator().manual_seed(1)) + 0.2
    found = search(stored, queries, 5)
    scores, places = expected(stored, queries, 5)
    assert torch.equal(found.groups * 1500 + found.indices, places)
    assert torch.allclose(found.scores, scores, atol=1e-12)


def test_each_layer_gives_its_own_answers_and_they_merge_to_all(large: Library) -> None:
    queries = torch.randn(12, WIDTH, generator=torch.Generator().manual_seed(3))
    prepared = LibrarySearch(large)
    parts = prepared.each_layer(queries, 5)
    assert tuple(parts) == large.layers
    together = torch.cat([part.scores for part in parts.values()], dim=1)
    best = together.sort(dim=1, descending=True).values[:, :5]
    assert torch.equal(prepared.search(queries, 5).scores, best)
    some = prepared.search(queries, 5, [1, 4])
    assert set(some.groups.flatten().tolist()) <= {0, 2}
    with pytest.raises(UsageError, match=r"\[3\] not in library"):
        prepared.search(queries, 5, [3])


def test_the_table_has_a_row_per_answer(large: Library) -> None:
    queries = torch.randn(3, WIDTH, generator=torch.Generator().manual_seed(3))
    prepared = LibrarySearch(large)
    found = prepared.search(queries, 4)
    rows = prepared.table(found).to_pylist()
    assert [(row["query"], row["rank"]) for row in rows] == [
        (q, r) for q in range(3) for r in range(4)
    ]
    for row, group, index, score in zip(
        rows, found.groups.flatten().tolist(), found.indices.flatten().tolist(),
        found.scores.flatten().tolist(), strict=True,
    ):  # fmt: skip
        assert row["source_layer"] == large.layers[group]
        assert row["row"] == index
        assert row["score"] == score
        assert row["word"] == row["context"] == large.row(index).word


@pytest.mark.parametrize("engine", ["faiss:flat", "faiss:ivf", "faiss:sq8", "faiss:pq"])
def test_faiss_stands_behind_the_same_door(large: Library, engine: str) -> None:
    queries = torch.randn(40, WIDTH, generator=torch.Generator().manual_seed(5)) + 0.2
    prepared = LibrarySearch(large, engine=engine)
    found, exact = prepared.search(queries, 5), LibrarySearch(large).search(queries, 5)
    assert prepared.approximate == (engine != "faiss:flat")
    share = float((found.scores >= exact.scores[:, -1:]).double().mean())
    assert prepared.recall(queries, 5) == pytest.approx(share)
    assert (found.scores <= exact.scores).all()
    if not prepared.approximate:
        assert torch.equal(found.indices, exact.indices)
        assert torch.equal(found.scores, exact.scores)


def test_mistakes(large: Library) -> None:
    with pytest.raises(UsageError, match="'exactly': did you mean exact"):
        LibrarySearch(large, engine="exactly")
    with pytest.raises(MismatchError, match=r"\(2, 5\): expected \[n, 96\]"):
        LibrarySearch(large).search(torch.ones(2, 5), 1)
    with pytest.raises(UsageError, match="k=0"):
        LibrarySearch(large).search(torch.ones(2, WIDTH), 0)
    broken = torch.ones(2, WIDTH)
    broken[1, 3] = torch.nan
    with pytest.raises(DataError, match="1 of 2 rows hold NaN or Inf, first: row 1"):
        LibrarySearch(large).search(broken, 1)


def test_a_library_four_times_larger_than_the_memory_left_is_searched(tmp_path: Path) -> None:
    rows, width, layers = 32768, 512, (1, 2, 4)
    stored = random_library(tmp_path / "library", rows, width, layers, part_rows=1024)
    size = sum(file.stat().st_size for file in stored.path.rglob("*.safetensors"))
    command = [sys.executable, "-c", LIMITED, str(stored.path), str(size // 4)]
    # Every further arena of malloc would reserve 64 MB. Without a fixed threshold it also keeps
    # large blocks that were freed, as much as chance has it.
    limits = {
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": "131072",
    }
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=limits)
    assert done.returncode == 0, done.stderr
    fits, resident, groups, indices = json.loads(done.stdout)
    assert not fits and not resident
    queries = torch.randn(16, width, generator=torch.Generator().manual_seed(7))
    _, places = expected(stored, queries, 5)
    assert (torch.tensor(groups) * rows + torch.tensor(indices)).tolist() == places.tolist()
