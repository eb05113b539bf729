from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.bootstrap import DRAWS, Floats, cluster_interval, cluster_sums
from harness.core.errors import UsageError
from harness.core.student import t_quantile


def mean(sums: Floats) -> Floats:
    """Return the first column over the second, as a statistic."""
    result: Floats = sums[:, 0] / sums[:, 1]
    return result


def of_values(values: Floats) -> Floats:
    """Return the sums of clusters with one value each."""
    return np.stack([values, np.ones_like(values)], axis=1)


def test_sums_are_those_of_a_loop_sorted_by_name() -> None:
    values = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0], [8.0, 80.0]])
    assert cluster_sums(values, ["b", "a", "b", "c"]).tolist() == [[2, 20], [5, 50], [8, 80]]
    assert cluster_sums(np.zeros((0, 2)), []).shape == (0, 2)
    with pytest.raises(ValueError, match="4 rows of values and 2 names"):
        cluster_sums(values, ["a", "b"])


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_items_does_not_matter(order: list[int]) -> None:
    values = np.array([[k % 3, 1.0] for k in range(12)])
    names = [f"image{k // 2}" for k in range(12)]
    shuffled = cluster_sums(values[order], [names[k] for k in order])
    assert cluster_interval(shuffled, mean) == cluster_interval(cluster_sums(values, names), mean)


def test_the_interval_of_a_mean_is_as_wide_as_students() -> None:
    lot = np.random.default_rng(1)
    for clusters in (6, 12, 40):
        widths, expected = [], []
        for seed in range(60):
            values = lot.normal(size=clusters)
            interval = cluster_interval(of_values(values), mean, seed=seed)
            assert interval is not None
            widths.append(interval[1] - interval[0])
            error = values.std(ddof=1) / np.sqrt(clusters)
            expected.append(2 * t_quantile(0.975, clusters - 1) * error)
        # Plain percentiles are narrower by a third, a fifth and a twentieth.
        assert np.sum(widths) == pytest.approx(np.sum(expected), rel=0.06 if clusters > 6 else 0.12)


def test_an_interval_that_few_clusters_decide_is_wider() -> None:
    def interval_of(values: Floats) -> tuple[float, float]:
        interval = cluster_interval(of_values(values), mean)
        assert interval is not None
        return interval

    even = np.resize([1.0, -1.0], 40)
    rare = np.zeros(40)
    rare[:3] = 1.0
    low, high = interval_of(even)
    error = float(even.std(ddof=1)) / np.sqrt(40)
    assert (high - low) / 2 / error == pytest.approx(t_quantile(0.975, 39), rel=0.06)
    # The kurtosis of 3 ones among 40 is 11.4: 7 degrees of freedom, a tail of 0.8 % and not 2 %.
    drawn = np.random.default_rng(0).binomial(40, 3 / 40, 200_000) / 40
    assert interval_of(rare) == pytest.approx(np.quantile(drawn, [0.0083, 0.9917]), abs=0.026)
    assert interval_of(rare)[1] > float(np.quantile(drawn, 0.98))


def test_seed_and_draws_decide_the_interval() -> None:
    sums = of_values(np.random.default_rng(0).normal(size=25))
    first = cluster_interval(sums, mean, seed=1)
    assert first == cluster_interval(sums, mean, seed=1)
    assert first != cluster_interval(sums, mean, seed=2)
    shapes: list[tuple[int, ...]] = []

    def watched(drawn: Floats) -> Floats:
        shapes.append(drawn.shape)
        return mean(drawn)

    cluster_interval(sums, watched)
    assert (DRAWS, 2) in shapes


def test_higher_confidence_is_wider() -> None:
    sums = of_values(np.random.default_rng(0).normal(size=25))
    found = [cluster_interval(sums, mean, confidence=level) for level in (0.5, 0.9, 0.99)]
    widths = [high - low for low, high in filter(None, found)]
    assert len(widths) == 3 and widths == sorted(set(widths))


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100))
def test_the_unit_of_the_weights_does_not_matter(unit: float) -> None:
    sums = of_values(np.arange(10.0))
    expected, found = cluster_interval(sums, mean), cluster_interval(unit * sums, mean)
    assert expected is not None
    assert found == pytest.approx(expected)


def test_there_is_no_interval_of_one_cluster() -> None:
    assert cluster_interval(of_values(np.ones(1)), mean) is None
    empty = np.vstack([of_values(np.ones(1)), np.zeros((30, 2))])
    assert cluster_interval(empty, mean) is None
    assert cluster_interval(np.zeros((0, 2)), mean) is None


def test_clusters_without_anything_change_nothing() -> None:
    sums = of_values(np.random.default_rng(0).normal(size=25))
    assert cluster_interval(np.vstack([sums, np.zeros((9, 2))]), mean) == cluster_interval(
        sums, mean
    )


def test_a_figure_that_is_often_undefined_has_no_interval() -> None:
    values = np.zeros(20)

    def over_first(sums: Floats) -> Floats:
        result: Floats = np.full(len(sums), np.nan)
        return np.divide(sums[:, 1], sums[:, 0], out=result, where=sums[:, 0] != 0)

    values[:1] = 1.0  # absent from a third of the draws
    assert cluster_interval(of_values(values), over_first) is None
    values[:4] = 1.0  # absent from 1 %
    interval = cluster_interval(of_values(values), over_first)
    assert interval is not None and np.isfinite(interval).all()


def test_thousands_of_clusters_are_resampled_in_groups() -> None:
    values = np.sort(np.random.default_rng(0).exponential(size=2500))
    interval = cluster_interval(of_values(values), mean)
    assert interval is not None
    error = values.std(ddof=1) / np.sqrt(2500)
    assert interval[1] - interval[0] == pytest.approx(2 * 1.96 * error, rel=0.08)
    assert sum(interval) / 2 == pytest.approx(values.mean(), abs=0.2 * error)
    shapes: list[tuple[int, ...]] = []

    def watched(drawn: Floats) -> Floats:
        shapes.append(drawn.shape)
        return mean(drawn)

    cluster_interval(of_values(values), watched)
    assert (1000, 2) in shapes  # leaving out each group


def test_a_figure_that_never_changes_has_equal_ends() -> None:
    assert cluster_interval(of_values(np.ones(20)), mean) == (1.0, 1.0)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_confidence_is_a_share(confidence: float) -> None:
    with pytest.raises(UsageError, match=f"confidence={confidence}: expected a number between"):
        cluster_interval(of_values(np.ones(5)), mean, confidence=confidence)
