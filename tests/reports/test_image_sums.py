from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reports.image_sums import (
    ImageSums,
    Values,
    effective_n,
    image_codes,
    image_sums,
    patch_means,
    sums_by_image,
)

NAN = float("nan")


def summed(values: Values, names: list[str]) -> ImageSums:
    found = image_sums(values, image_codes(names))
    assert found is not None
    return found


tables = st.tuples(st.integers(1, 12), st.integers(1, 4)).flatmap(
    lambda shape: st.tuples(
        arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, NAN])),
        st.lists(st.sampled_from("abc"), min_size=shape[0], max_size=shape[0]),
    )
)


@settings(deadline=None)
@given(tables, st.integers(0, 100))
def test_sums_add_up_to_the_mean_of_layers_in_any_order(
    table: tuple[Values, list[str]], seed: int
) -> None:
    values, names = table
    found = image_sums(values, image_codes(names))
    if np.isnan(values).all():
        assert found is None
        return
    assert found is not None
    scored = [column[~np.isnan(column)] for column in values.T]
    expected = np.mean([column.mean() for column in scored if len(column)])
    assert found.mean == pytest.approx(expected)
    assert found.shares.sum() == pytest.approx(expected)
    assert found.weights.sum() == pytest.approx(1)
    assert found.changes.sum() == pytest.approx(0, abs=1e-12)
    assert found.cells == (~np.isnan(values)).sum()
    assert found.patches == (~np.isnan(values)).any(axis=1).sum()
    order = np.random.default_rng(seed).permutation(len(names))
    again = summed(values[order], [names[i] for i in order])
    assert again.shares == pytest.approx(found.shares)
    assert 0 < effective_n(found) <= found.cells


def test_changes_are_how_the_mean_moves_with_the_weight_of_an_image() -> None:
    lot = np.random.default_rng(5)
    values = (lot.random((60, 2)) < (0.9, 0.2)).astype(float)
    names = [f"{i // 6}" for i in range(60)]
    # Layer 1 is unscored on whole images, so that images weigh differently in the two layers.
    values[[name in "0258" for name in names], 1] = NAN
    found = summed(values, names)

    def mean(weights: Values) -> float:
        scored = ~np.isnan(values) * weights[image_codes(names)][:, None]
        return float((np.nan_to_num(values) * scored).sum(axis=0) @ (1 / scored.sum(axis=0)) / 2)

    assert mean(np.ones(10)) == pytest.approx(found.mean)
    for image in range(10):
        step = np.where(np.arange(10) == image, 1e-6, 0.0)
        slope = (mean(1 + step) - mean(1 - step)) / 2e-6
        assert found.changes[image] == pytest.approx(slope, abs=1e-7)
    assert found.rows[:, 0].sum() / found.rows[:, 1].sum() == pytest.approx(found.mean)


def test_images_are_numbered_by_name_and_split_alike() -> None:
    values = np.array([1.0, 0.0, 1.0, 1.0])
    names = ["b", "a", "b", "c"]
    assert image_codes(names).tolist() == [1, 0, 1, 2]
    split = {name: values[[other == name for other in names]] for name in ("c", "a", "b")}
    by_name = sums_by_image(split)
    assert by_name is not None
    assert by_name.shares.tolist() == summed(values, names).shares.tolist() == [0, 0.5, 0.25]
    assert sums_by_image({}) is None
    assert sums_by_image({"a": np.array([])}) is None


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=60))
def test_one_patch_per_image_is_effective_in_full(hits: list[float]) -> None:
    names = [f"{i:03}" for i in range(len(hits))]
    assert effective_n(summed(np.array(hits), names)) == len(hits)


def test_copies_of_a_patch_add_nothing_and_independent_ones_nearly_all() -> None:
    lot = np.random.default_rng(0)
    names = [f"{i // 10:03}" for i in range(2000)]
    copies = np.repeat((lot.random(200) < 0.4).astype(float), 10)
    assert effective_n(summed(copies, names)) == pytest.approx(200, rel=0.02)
    found = [effective_n(summed((lot.random(2000) < 0.4).astype(float), names)) for _ in range(40)]
    assert 1750 < np.mean(found) <= 2000
    assert max(found) <= 2000


def test_the_design_effect_is_that_of_correlated_patches() -> None:
    lot, per_image, correlation = np.random.default_rng(1), 10, 0.15
    spread = (1 - correlation) / correlation
    chances = lot.beta(0.5 * spread, 0.5 * spread, size=4000)
    hits = (lot.random((4000, per_image)) < chances[:, None]).astype(float)
    found = effective_n(summed(hits.ravel(), [f"{i // per_image:05}" for i in range(hits.size)]))
    assert found == pytest.approx(hits.size / (1 + (per_image - 1) * correlation), rel=0.05)


def test_a_mean_over_layers_counts_what_layers_add() -> None:
    lot = np.random.default_rng(2)
    names = [f"{i:03}" for i in range(400)]
    layer = (lot.random((400, 1)) < 0.5).astype(float)
    assert effective_n(summed(np.repeat(layer, 4, axis=1), names)) == pytest.approx(400, rel=0.01)
    apart = (lot.random((400, 4)) < 0.5).astype(float)
    assert effective_n(summed(apart, names)) == pytest.approx(1600, rel=0.15)


@pytest.mark.parametrize("outcomes", [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
def test_where_no_image_differs_images_are_counted(outcomes: list[float]) -> None:
    values = np.array(outcomes * 6)
    assert effective_n(summed(values, [f"{i // 2}" for i in range(12)])) == 6
    assert effective_n(summed(values, ["one"] * 12)) == 1


def test_patches_average_over_their_scored_layers() -> None:
    values = np.array([[1.0, 0.0], [1.0, NAN], [NAN, NAN]])
    assert patch_means(values) == pytest.approx([0.5, 1.0, NAN], nan_ok=True)
    assert patch_means(values[:, 0]) == pytest.approx([1.0, 1.0, NAN], nan_ok=True)
