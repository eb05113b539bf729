from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError, MismatchError, UsageError
from lenses import index
from lenses.codes import ScanKind
from lenses.topk import Similarity, grouped_top_k, top_k
from lenses.vectors import TensorVectors


def brute_force(
    queries: torch.Tensor, candidates: torch.Tensor, k: int, similarity: Similarity
) -> tuple[np.ndarray, np.ndarray]:
    """Sort all scores by (score desc, index asc), in float64 with correctly rounded sums."""
    left, right = queries.double().numpy(), candidates.double().numpy()
    distinct, inverse = np.unique(right, axis=0, return_inverse=True)
    scores = (left @ distinct.T)[:, inverse.reshape(-1)]
    if similarity == "cosine":
        norms = np.linalg.norm(left, axis=1)[:, None] * np.linalg.norm(right, axis=1)
        scores = np.divide(scores, norms, out=np.zeros_like(scores), where=norms > 0)
    order = np.argsort(-np.round(scores, 10), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), order


@st.composite
def problems(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Small integer vectors, so that ties are many and exact, with repeated and zero rows."""
    width = draw(st.integers(1, 5))
    vector = st.lists(st.integers(-2, 2), min_size=width, max_size=width)
    queries = draw(st.lists(vector, min_size=1, max_size=4))
    distinct = draw(st.lists(vector, min_size=1, max_size=6))
    picks = draw(st.lists(st.integers(0, len(distinct) - 1), min_size=1, max_size=60))
    candidates = [distinct[pick] for pick in picks]
    k = draw(st.integers(1, 70))
    return torch.tensor(queries).float(), torch.tensor(candidates).float(), k


every_kind = pytest.mark.parametrize("kind", get_args(ScanKind))


@every_kind
@given(problem=problems(), similarity=st.sampled_from(get_args(Similarity)))
@settings(max_examples=60, deadline=None)
def test_equals_brute_force_whatever_the_ties(
    problem: tuple[torch.Tensor, torch.Tensor, int], similarity: Similarity, kind: ScanKind
) -> None:
    queries, candidates, k = problem
    found = top_k(queries, candidates, k, similarity=similarity, kind=kind)
    scores, order = brute_force(queries, candidates, k, similarity)
    assert found.indices.tolist() == order.tolist()
    np.testing.assert_allclose(found.scores.numpy(), scores, atol=1e-12)


@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(1, 12))
@settings(max_examples=15, deadline=None)
def test_same_bits_for_any_kind_and_batch(seed: int, cut: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    queries = torch.randn(13, 33, generator=generator)
    candidates = torch.randn(300, 33, generator=generator)
    candidates[torch.randint(300, (150,), generator=generator)] = candidates[0].clone()
    whole = top_k(queries, candidates, 5, similarity="cosine", kind="float32")
    for kind in get_args(ScanKind):
        pieces = [
            top_k(part, candidates, 5, similarity="cosine", kind=kind)
            for part in (queries[:cut], queries[cut:])
        ]
        assert torch.equal(torch.cat([piece.indices for piece in pieces]), whole.indices)
        assert torch.equal(torch.cat([piece.scores for piece in pieces]), whole.scores)


@every_kind
def test_order_is_decided_in_float64(kind: ScanKind) -> None:
    """400 candidates within float32 rounding of each other, best ones last."""
    base = torch.full((400, 64), 1.0)
    base[:, 0] = 1.0 + torch.arange(400) * 2.0**-23
    found = top_k(torch.ones(1, 64), base, 5, kind=kind)
    assert found.indices.tolist() == [[399, 398, 397, 396, 395]]


@every_kind
@pytest.mark.parametrize("width", [16, 300, 1100])
def test_many_blocks_and_any_width_stay_exact(
    kind: ScanKind, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "_BLOCK", 416)
    monkeypatch.setattr(index, "_PIECE", 96)
    generator = torch.Generator().manual_seed(5)
    queries = torch.randn(40, width, generator=generator) + 0.3
    candidates = torch.randn(2001, width, generator=generator) + torch.rand(width)
    candidates[2000] = candidates[17]
    for similarity in get_args(Similarity):
        found = top_k(queries, candidates, 5, similarity=similarity, kind=kind)
        scores, order = brute_force(queries, candidates, 5, similarity)
        assert found.indices.tolist() == order.tolist()
        np.testing.assert_allclose(found.scores.numpy(), scores, atol=1e-9)


@every_kind
def test_a_scan_that_proposes_too_much_is_done_in_smaller_parts(
    kind: ScanKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "PAIRS", 100)
    candidates = torch.ones(300, 8)
    candidates[:, 1] = torch.arange(300) % 3 * 1e-6
    queries = torch.ones(7, 8)
    found = top_k(queries, candidates, 4, kind=kind)
    assert found.indices.tolist() == [[2, 5, 8, 11]] * 7


def test_equal_rows_are_all_found_when_they_outnumber_the_slack() -> None:
    candidates = torch.zeros(3000, 8)
    candidates[1000:] = torch.ones(8)
    found = top_k(torch.ones(2, 8), candidates, 40)
    assert found.indices.tolist() == [list(range(1000, 1040))] * 2


def test_cosine_ignores_length_and_dot_does_not() -> None:
    candidates = torch.tensor([[1.0, 0.0], [100.0, 100.0]])
    query = torch.tensor([[2.0, 0.0]])
    assert top_k(query, candidates, 1, similarity="cosine").indices.item() == 0
    assert top_k(query, candidates, 1, similarity="dot").indices.item() == 1


def test_cosine_of_zero_vectors_is_zero() -> None:
    candidates = torch.tensor([[0.0, 0.0], [-1.0, 0.0], [1.0, 1.0]])
    of_zero_query = top_k(torch.zeros(1, 2), candidates, 3, similarity="cosine")
    assert of_zero_query.scores.tolist() == [[0.0, 0.0, 0.0]]
    assert of_zero_query.indices.tolist() == [[0, 1, 2]]
    found = top_k(torch.tensor([[1.0, 0.0]]), candidates, 3, similarity="cosine")
    assert found.indices.tolist() == [[2, 0, 1]]
    assert found.scores[0, 1] == 0.0


def test_cosine_stays_within_one_for_parallel_vectors() -> None:
    vectors = torch.rand(200, 7, generator=torch.Generator().manual_seed(1)) * 1e-3
    found = top_k(vectors, vectors * 3, 1, similarity="cosine")
    assert float(found.scores.max()) <= 1.0
    assert found.indices.flatten().tolist() == list(range(200))


@pytest.mark.parametrize("scale", [1e30, 1e-30])
def test_extreme_lengths_neither_overflow_nor_vanish(scale: float) -> None:
    generator = torch.Generator().manual_seed(2)
    queries = torch.randn(6, 12, generator=generator)
    candidates = torch.randn(100, 12, generator=generator)
    plain = top_k(queries, candidates, 3)
    scaled = top_k(queries * scale, candidates * scale, 3)
    assert scaled.indices.tolist() == plain.indices.tolist()
    assert torch.allclose(scaled.scores / scale / scale, plain.scores, rtol=1e-5)


def test_half_precision_candidates_are_read_exactly() -> None:
    generator = torch.Generator().manual_seed(3)
    queries = torch.randn(5, 16, generator=generator)
    stored = torch.randn(500, 16, generator=generator).half()
    narrow, wide = top_k(queries, stored, 5), top_k(queries, stored.float(), 5)
    assert torch.equal(narrow.scores, wide.scores)
    assert torch.equal(narrow.indices, wide.indices)


def test_fewer_candidates_than_k_returns_them_all() -> None:
    assert top_k(torch.ones(2, 3), torch.ones(2, 3), 5).indices.tolist() == [[0, 1], [0, 1]]
    assert top_k(torch.ones(2, 3), torch.ones(0, 3), 5).indices.shape == (2, 0)
    assert top_k(torch.ones(0, 3), torch.ones(4, 3), 5).indices.shape == (0, 4)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_nan_and_inf_are_errors_with_the_row(bad: float) -> None:
    good, broken = torch.ones(4, 3), torch.ones(4, 3)
    broken[2, 1] = bad
    with pytest.raises(DataError, match="queries: 1 of 4 rows.*row 2"):
        top_k(broken, good, 1)
    with pytest.raises(DataError, match="candidates: 1 of 4 rows.*row 2"):
        top_k(good, broken, 1)


def test_bad_arguments() -> None:
    with pytest.raises(UsageError, match="k=0"):
        top_k(torch.ones(1, 2), torch.ones(1, 2), 0)
    with pytest.raises(MismatchError, match=r"\(1, 2\).*\(1, 3\)"):
        top_k(torch.ones(1, 2), torch.ones(1, 3), 1)
    with pytest.raises(UsageError, match="at least one group"):
        grouped_top_k(torch.ones(1, 2), [], 1)


def test_groups_merge_by_score_then_group_then_row() -> None:
    first = torch.tensor([[1.0, 0.0], [0.5, 0.0], [1.0, 0.0]])
    second = torch.tensor([[1.0, 0.0], [2.0, 0.0]])
    found = grouped_top_k(torch.tensor([[1.0, 0.0]]), [first, second], 4)
    assert found.scores.tolist() == [[2.0, 1.0, 1.0, 1.0]]
    assert found.groups.tolist() == [[1, 0, 0, 1]]
    assert found.indices.tolist() == [[1, 0, 2, 0]]


@given(problems(), st.integers(1, 59))
@settings(max_examples=40, deadline=None)
def test_groups_give_the_answer_of_their_union(
    problem: tuple[torch.Tensor, torch.Tensor, int], cut: int
) -> None:
    queries, candidates, k = problem
    cut = min(cut, len(candidates))
    whole = top_k(queries, candidates, k)
    split = grouped_top_k(queries, [candidates[:cut], candidates[cut:]], k)
    assert torch.equal(split.indices + cut * split.groups, whole.indices)
    assert torch.equal(split.scores, whole.scores)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ["int8", "float32"])
def test_a_gpu_gives_the_answers_of_the_cpu(kind: ScanKind) -> None:
    generator = torch.Generator().manual_seed(11)
    queries = torch.randn(300, 512, generator=generator) + 0.3
    groups = [torch.randn(20_000, 512, generator=generator) + 0.3 for _ in range(3)]
    slow = index.SearchIndex([TensorVectors(rows) for rows in groups], cosine=True, kind="float32")
    fast = index.SearchIndex(
        [TensorVectors(rows.cuda()) for rows in groups], cosine=True, kind=kind, device="cuda"
    )
    for expected, found in zip(slow.search(queries, 5), fast.search(queries, 5), strict=True):
        assert torch.equal(expected, found)


def test_bfloat16_is_refused_where_its_products_have_no_bound() -> None:
    with pytest.raises(UsageError, match="CUDA may round partial sums"):
        index.SearchIndex(
            [TensorVectors(torch.ones(2, 2))], cosine=True, kind="bfloat16", device="cuda"
        )
