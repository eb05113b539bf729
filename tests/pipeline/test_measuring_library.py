from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.core.measures import LeapLayer, RogueLayer, SourceLayerCosine
from harness.pipeline.measuring import scan as scanning
from harness.pipeline.measuring.library import REMOVED, SHOWN, compare_with_library, within
from harness.pipeline.measuring.rows import DrawnRows, draw_rows
from lenses.library.store import Library
from tests.pipeline.planted import noise, planted_library

ROWS, WIDTH, TOKENS, K = 60, 64, 10, 4

Found = tuple[list[SourceLayerCosine], list[LeapLayer], list[RogueLayer]]


def every(library: Library) -> DrawnRows:
    return draw_rows(library, len(library), seed=0)


def unit(vectors: torch.Tensor) -> NDArray[np.float64]:
    wide = vectors.double().numpy()
    return np.asarray(wide / np.linalg.norm(wide, axis=-1, keepdims=True))


def planted(seed: int) -> dict[int, torch.Tensor]:
    """Return two contextual layers around a common direction each."""
    return {2: noise(seed, ROWS, WIDTH) + 0.4, 5: noise(seed + 1, ROWS, WIDTH) - 0.2}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return planted_library(tmp_path_factory.mktemp("plain") / "library", planted(0))


def test_anisotropy_is_that_of_all_pairs(library: Library) -> None:
    for layer, states in planted(0).items():
        rows = unit(states)
        cosines = rows @ rows.T
        pairs = cosines[~np.eye(ROWS, dtype=bool)]
        assert within(library, layer) == pytest.approx(pairs.mean(), abs=1e-6)


def test_one_row_has_no_anisotropy(tmp_path: Path) -> None:
    single = planted_library(tmp_path / "library", {1: noise(0, 1, WIDTH)})
    assert within(single, 1) is None
    cosines, leap, rogue = compare_with_library((0,), noise(1, 3, 1, WIDTH), every(single), K)
    assert (cosines, leap[0].nearest, rogue[0].k) == ([], (1.0,), 1)
    assert rogue[0].overlap == 1.0


def test_cosines_of_visual_tokens_are_those_of_all_pairs(library: Library) -> None:
    states = noise(7, TOKENS, 3, WIDTH) + 0.3
    cosines, _, _ = compare_with_library((0, 1, 4), states, every(library), K)
    assert [each.layer for each in cosines] == [2, 5]
    for each in cosines:
        rows = unit(planted(0)[each.layer])
        for place in range(3):
            pairs = unit(states[:, place]) @ rows.T
            assert each.visual[place] == pytest.approx(pairs.mean(), abs=1e-6)
            assert each.spread[place] == pytest.approx(pairs.std(), abs=1e-6)


def test_spread_is_exact_where_all_cosines_are_near_one(tmp_path: Path) -> None:
    rows = 1e-3 * noise(1, ROWS, WIDTH) + 1
    tokens = 1e-3 * noise(2, TOKENS, 1, WIDTH) + 1
    narrow = planted_library(tmp_path / "library", {1: rows})
    cosines, _, _ = compare_with_library((0,), tokens, every(narrow), K)
    pairs = unit(tokens[:, 0]) @ unit(rows).T
    assert pairs.mean() > 1 - 1e-5
    assert cosines[0].spread[0] == pytest.approx(pairs.std(), abs=1e-7)
    assert cosines[0].spread[0] > 0


def test_a_planted_leap_is_found(tmp_path: Path) -> None:
    states = {1: noise(1, ROWS, WIDTH), 8: noise(2, ROWS, WIDTH), 16: noise(3, ROWS, WIDTH)}
    early = states[8][:TOKENS] + 0.05 * noise(4, TOKENS, WIDTH)
    late = states[16][:TOKENS] + 0.05 * noise(5, TOKENS, WIDTH)
    made = planted_library(tmp_path / "library", states)
    _, leap, _ = compare_with_library((0, 16), torch.stack([early, late], 1), every(made), K)
    assert [each.source_layers for each in leap] == [(1, 8, 16)] * 2
    assert [each.nearest for each in leap] == [(0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
    assert [each.normalised for each in leap] == [(0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
    assert [(each.layer, each.n, each.rows) for each in leap] == [(0, TOKENS, ROWS), (16, 10, ROWS)]


def test_a_layer_that_is_near_to_everything_wins_only_without_its_scale(tmp_path: Path) -> None:
    common = 2 * torch.ones(WIDTH)
    match = 3.0 * noise(1, ROWS, WIDTH)
    near = common + 0.2 * noise(2, ROWS, WIDTH)
    made = planted_library(tmp_path / "library", {4: near, 20: match})
    tokens = common + 0.5 * match[:TOKENS]
    _, leap, _ = compare_with_library((0,), tokens[:, None], every(made), K)
    assert leap[0].nearest == (1.0, 0.0)
    assert leap[0].normalised == (0.0, 1.0)


def hub_dimension(strength: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return tokens and rows where token i is row i but for dimension 7, which that row lacks."""
    rows = noise(1, ROWS, WIDTH)
    tokens = rows[:TOKENS] + 0.1 * noise(2, TOKENS, WIDTH)
    rows, tokens = rows.clone(), tokens.clone()
    rows[:, 7] = strength * torch.linspace(0.2, 3, ROWS)
    rows[:TOKENS, 7] = 0.0
    tokens[:, 7] = strength
    return tokens[:, None], rows


def test_a_planted_rogue_dimension_is_found_and_decides_the_neighbours(tmp_path: Path) -> None:
    tokens, rows = hub_dimension(30.0)
    made = planted_library(tmp_path / "rogue", {1: rows})
    _, _, (found,) = compare_with_library((3,), tokens, every(made), 1)
    assert (found.layer, found.dimensions[0], found.removed) == (3, 7, REMOVED)
    assert found.shares[0] > 0.9
    assert found.shares[1] < 0.1
    assert found.overlap == 0.0


def test_without_a_rogue_dimension_the_neighbours_stay(tmp_path: Path) -> None:
    tokens, rows = hub_dimension(0.0)
    made = planted_library(tmp_path / "plain", {1: rows})
    _, _, (found,) = compare_with_library((3,), tokens, every(made), 1)
    assert 7 not in found.dimensions[:REMOVED]
    assert found.shares[0] < 0.3
    assert found.overlap == 1.0


def test_shares_and_overlap_follow_their_definition(library: Library) -> None:
    states = noise(9, TOKENS, 2, WIDTH) + 0.5
    _, _, rogue = compare_with_library((0, 3), states, every(library), K)
    rows = np.concatenate([unit(planted(0)[layer]) for layer in (2, 5)])
    for place, found in enumerate(rogue):
        tokens = unit(states[:, place])
        near = np.argsort(-(tokens @ rows.T), axis=1)[:, :K]
        carried = (tokens * rows[near[:, 0]]).sum(axis=0)
        shares = carried / carried.sum()
        order = np.argsort(-shares)[: min(SHOWN, WIDTH // 2)]
        assert found.dimensions == tuple(order.tolist())
        assert found.shares == pytest.approx(shares[order], abs=1e-6)
        kept = np.delete(np.arange(WIDTH), order[:REMOVED])
        left = torch.from_numpy(tokens[:, kept]), torch.from_numpy(rows[:, kept])
        other = np.argsort(-(unit(left[0]) @ unit(left[1]).T), axis=1)[:, :K]
        stay = [len({*a} & {*b}) / K for a, b in zip(near.tolist(), other.tolist(), strict=True)]
        assert found.overlap == pytest.approx(np.mean(stay))
        assert (found.removed, found.k, found.n) == (REMOVED, K, TOKENS)


def test_rows_along_the_left_out_dimensions_only_are_never_near(tmp_path: Path) -> None:
    rows = noise(1, ROWS, WIDTH)
    rows[5] = 1e-5 * rows[0]
    rows[5, 7] = 100.0
    tokens = 0.5 * rows[:TOKENS].clone()
    tokens[:, 7] = 50.0
    made = planted_library(tmp_path / "library", {1: rows})
    _, _, (found,) = compare_with_library((0,), tokens[:, None], every(made), 1)
    assert found.dimensions[0] == 7
    assert found.overlap == 0.0


def test_zero_tokens_carry_nothing(library: Library) -> None:
    cosines, leap, rogue = compare_with_library((0,), torch.zeros(3, 1, WIDTH), every(library), K)
    assert rogue == []
    assert [each.visual for each in cosines] == [(0.0,), (0.0,)]
    assert leap[0].normalised == (1.0, 0.0)


@settings(max_examples=8, deadline=None)
@given(pieces=st.sampled_from([1, 7, 59, 60]))
def test_pieces_make_no_difference(library: Library, pieces: int) -> None:
    states = noise(9, TOKENS, 2, WIDTH) + 0.5

    def measured() -> Found:
        return compare_with_library((0, 3), states, every(library), K)

    whole = measured()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "_BLOCK_VALUES", pieces * WIDTH)
        parts = measured()
    assert [each.model_dump() for each in parts[1]] == [each.model_dump() for each in whole[1]]
    for one, other in zip(whole[0], parts[0], strict=True):
        assert other.visual == pytest.approx(one.visual, abs=1e-6)
        assert other.spread == pytest.approx(one.spread, abs=1e-6)
    for a, b in zip(whole[2], parts[2], strict=True):
        assert (a.dimensions, a.overlap) == (b.dimensions, b.overlap)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_shares_of_source_layers_add_up(library: Library, seed: int) -> None:
    states = noise(seed, 5, 2, WIDTH)
    _, leap, rogue = compare_with_library((0, 3), states, every(library), K)
    for each in leap:
        assert sum(each.nearest) == pytest.approx(1)
        assert sum(each.normalised) == pytest.approx(1)
    for found in rogue:
        assert list(found.shares) == sorted(found.shares, reverse=True)
        assert 0 <= found.overlap <= 1
        assert len(set(found.dimensions)) == len(found.dimensions)
