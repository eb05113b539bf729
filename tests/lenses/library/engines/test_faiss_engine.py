from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import faiss
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError, MismatchError, UsageError
from lenses.library.engines import faiss_index
from lenses.library.engines.faiss_engine import FaissEngine
from lenses.library.engines.faiss_index import FaissIndex
from lenses.library.engines.spec import parse_spec
from lenses.topk import GroupedTopK, grouped_top_k
from lenses.vectors import TensorVectors
from tests.lenses.fixtures import make_library, make_queries

KINDS = ("faiss:flat", "faiss:ivf", "faiss:sq8", "faiss:pq")
APPROXIMATE = KINDS[1:]


def clustered(rows: int, width: int = 24, seed: int = 0, spread: float = 0.5) -> torch.Tensor:
    """Return rows around a few centres and away from the origin, as hidden states lie."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(12, width, generator=generator) + 0.7
    chosen = torch.randint(12, (rows,), generator=generator)
    return centres[chosen] + spread * torch.randn(rows, width, generator=generator)


def engine(groups: list[torch.Tensor], spec: str) -> FaissEngine:
    return FaissEngine([TensorVectors(rows) for rows in groups], spec)


def assert_equal(found: GroupedTopK, wanted: GroupedTopK) -> None:
    assert torch.equal(found.scores, wanted.scores)
    assert torch.equal(found.groups, wanted.groups)
    assert torch.equal(found.indices, wanted.indices)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 1000),
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=3),
    k=st.integers(1, 12),
    repeats=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float16, torch.bfloat16]),
)
def test_flat_is_the_exact_search(
    seed: int, sizes: list[int], k: int, repeats: bool, dtype: torch.dtype
) -> None:
    groups = [clustered(size, 8, seed + size).to(dtype) for size in sizes]
    if repeats:
        # More ties than are asked for at first.
        groups = [rows[torch.arange(len(rows)) % 3 % len(rows)] for rows in groups]
    groups[0][0] = 0
    queries = torch.cat([clustered(7, 8, seed), groups[-1][:2].float(), torch.zeros(1, 8)])
    found = engine(groups, "faiss:flat").search(queries, k)
    assert_equal(found, grouped_top_k(queries, groups, k, similarity="cosine"))


def test_flat_asks_again_where_float32_cannot_tell() -> None:
    near = torch.full((600, 16), 1.0)
    near += 1e-7 * torch.randn(600, 16, generator=torch.Generator().manual_seed(1))
    queries = torch.eye(16)[:3] + 1
    found = engine([near], "faiss:flat").search(queries, 5)
    assert_equal(found, grouped_top_k(queries, [near], 5, similarity="cosine"))


def test_on_a_library_of_ours(tmp_path: Path) -> None:
    library = make_library(tmp_path / "library", dtype="int8")
    layers = [library.layer(layer) for layer in library.layers]
    queries = make_queries(20).states
    exact = grouped_top_k(
        queries, [library.vectors(layer) for layer in library.layers], 5, similarity="cosine"
    )
    assert_equal(FaissEngine(layers, "faiss:flat").search(queries, 5), exact)


@pytest.mark.parametrize("spec", APPROXIMATE)
def test_scores_are_exact_and_recall_is_measured(spec: str) -> None:
    groups = [clustered(900, seed=1), clustered(1200, seed=2)]
    queries = clustered(60, seed=3)
    built = engine(groups, spec)
    found = built.search(queries, 5)
    exact = grouped_top_k(queries, groups, 5, similarity="cosine")
    assert built.approximate
    for group, rows in enumerate(groups):
        query, rank = (found.groups == group).nonzero(as_tuple=True)
        chosen = rows[found.indices[query, rank]]
        again = torch.nn.functional.cosine_similarity(queries[query].double(), chosen.double())
        assert torch.allclose(again, found.scores[query, rank], atol=1e-12)
    assert (found.scores.diff(dim=1) <= 0).all()
    recall = built.recall(queries, 5, exact)
    assert recall == float((found.scores >= exact.scores[:, -1:]).double().mean())
    assert 0.85 <= recall <= 1.0


def test_recall_counts_what_is_missed_and_ties_as_found() -> None:
    rows = clustered(2000, seed=5, spread=2.0)
    queries = clustered(80, seed=6, spread=2.0)
    exact = grouped_top_k(queries, [rows], 5, similarity="cosine")
    assert engine([rows], "faiss:flat").recall(queries, 5, exact) == 1.0
    few = engine([rows], "faiss:ivf40,nprobe=1").recall(queries, 5, exact)
    more = engine([rows], "faiss:ivf40,nprobe=20").recall(queries, 5, exact)
    assert few < 0.9 < more
    twins = torch.cat([rows[:50]] * 8)
    tied = grouped_top_k(queries, [twins], 5, similarity="cosine")
    assert engine([twins], "faiss:sq8").recall(queries, 5, tied) == 1.0
    with pytest.raises(MismatchError, match=r"exact answer \(80, 5\): expected \(80, 3\)"):
        engine([rows], "faiss:flat").recall(queries, 3, exact)


def test_refining_more_candidates_finds_more() -> None:
    rows, queries = clustered(1500, 64, seed=7), clustered(60, 64, seed=8)
    exact = grouped_top_k(queries, [rows], 5, similarity="cosine")
    recalls = [
        engine([rows], f"faiss:pq8,refine={refine}").recall(queries, 5, exact)
        for refine in (1, 8, 300)
    ]
    assert recalls[0] < recalls[1] < recalls[2] == 1.0


@pytest.mark.parametrize("spec", [*KINDS, "faiss:ivf,nprobe=1", "faiss:pq4,refine=1"])
def test_a_query_does_not_depend_on_its_company(spec: str) -> None:
    built = engine([clustered(3000, 48, seed=9)], spec)
    queries = clustered(300, 48, seed=10, spread=1.5)
    whole = built.search(queries, 5)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    shuffled = built.search(queries[order], 5)
    assert torch.equal(shuffled.indices, whole.indices[order])
    for start, stop in ((0, 1), (1, 8), (8, 300)):
        part = built.search(queries[start:stop], 5)
        assert torch.equal(part.indices, whole.indices[start:stop])
        assert torch.equal(part.scores, whole.scores[start:stop])


@pytest.mark.parametrize("spec", ["faiss:ivf,nprobe=1", "faiss:sq8", "faiss:pq16"])
def test_candidates_do_not_depend_on_the_company_of_a_query(spec: str) -> None:
    # Cells so near to each other that the last bit of a product decides.
    generator = torch.Generator().manual_seed(0)
    rows = 1 + 1e-5 * torch.randn(2000, 192, generator=generator)
    queries = 1 + torch.randn(3000, 192, generator=generator)
    units = torch.nn.functional.normalize(queries, dim=1).numpy()
    index = FaissIndex(TensorVectors(rows), parse_spec(spec), 0, seed=42)
    _, together = index.propose(units, 5)
    alone = [index.propose(units[query : query + 1], 5)[1][0] for query in range(300)]
    assert np.array_equal(together[:300], alone)


class Watched(TensorVectors):
    """Records how many threads faiss may use while it is filled."""

    threads: ClassVar[set[int]] = set()

    def read(self, start: int, stop: int) -> torch.Tensor:
        self.threads.add(faiss.omp_get_max_threads())
        return super().read(start, stop)


@pytest.mark.parametrize("spec", APPROXIMATE)
def test_the_same_vectors_give_the_same_engine(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Fewer than there are, so that a sample is drawn.
    monkeypatch.setattr(faiss_index, "_TRAINING_ROWS", 400)
    rows, queries = clustered(1000, seed=11, spread=2.0), clustered(50, seed=12)
    threads = faiss.omp_get_max_threads()
    first = engine([rows], spec).search(queries, 5)
    index = FaissIndex(TensorVectors(rows), parse_spec(spec), 0, seed=42)
    faiss.omp_set_num_threads(2)
    try:
        again = FaissIndex(Watched(rows), parse_spec(spec), 0, seed=42)
        assert faiss.omp_get_max_threads() == 2
    finally:
        faiss.omp_set_num_threads(threads)
    assert Watched.threads == {1}
    units = torch.nn.functional.normalize(queries, dim=1).numpy()
    scores, numbers = index.propose(units, 50)
    scores_again, numbers_again = again.propose(units, 50)
    assert np.array_equal(scores, scores_again)
    assert np.array_equal(numbers, numbers_again)
    assert_equal(engine([rows], spec).search(queries, 5), first)


@pytest.mark.parametrize("spec", [*KINDS, "faiss:ivf1024", "faiss:pq6"])
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 40, 255, 256])
def test_small_groups(spec: str, rows: int) -> None:
    groups = [clustered(rows, seed=13), clustered(5, seed=14)]
    queries = clustered(4, seed=15)
    found = engine(groups, spec).search(queries, 9)
    exact = grouped_top_k(queries, groups, 9, similarity="cosine")
    assert found.scores.shape == exact.scores.shape
    if rows < 40:
        assert_equal(found, exact)


def test_too_many_cells_are_announced(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="lensbench"):
        engine([clustered(200)], "faiss:ivf1024")
    assert "faiss ivf1024: group 0 has 200 rows, 5 cells are used" in caplog.text


def test_cells_with_too_few_rows_do_not_shorten_the_answer() -> None:
    rows, queries = clustered(400, seed=16, spread=0.01), clustered(20, seed=17)
    found = engine([rows], "faiss:ivf10,nprobe=1").search(queries, 200)
    assert found.indices.shape == (20, 200)
    assert all(len(set(line)) == 200 for line in found.indices.tolist())


def test_nothing_of_faiss_is_printed() -> None:
    code = (
        "import torch\n"
        "from lenses.library.engines.faiss_engine import FaissEngine\n"
        "from lenses.vectors import TensorVectors\n"
        "rows = torch.randn(300, 16)\n"
        f"for spec in {KINDS!r}:\n"
        "    FaissEngine([TensorVectors(rows)], spec).search(rows[:3], 5)\n"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("spec", KINDS)
def test_bad_input_is_named(spec: str) -> None:
    rows = clustered(300)
    built = engine([rows], spec)
    with pytest.raises(UsageError, match="k=0"):
        built.search(rows[:2], 0)
    with pytest.raises(MismatchError, match=r"queries \(2, 5\): expected \[n, 24\]"):
        built.search(rows[:2, :5], 3)
    with pytest.raises(DataError, match="queries: 1 of 2 rows hold NaN or Inf, first: row 1"):
        built.search(torch.stack([rows[0], rows[0] * torch.inf]), 3)
    rows[260, 3] = torch.nan
    with pytest.raises(DataError, match="candidates of group 0: row 260 holds NaN or Inf"):
        engine([rows], spec)
    with pytest.raises(MismatchError, match=r"widths \[8, 24\]"):
        engine([clustered(10), clustered(10, 8)], spec)
    with pytest.raises(UsageError, match="nothing to search"):
        engine([], spec)


def test_pieces_must_divide_the_width() -> None:
    with pytest.raises(UsageError, match="pq7: width 24 can be cut into 2, 3, 4, 6, 8, 12, 24"):
        engine([clustered(300)], "faiss:pq7")
