from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import MismatchError, UsageError
from reports.stats import (
    Interval,
    Values,
    cluster_bootstrap_mean,
    mcnemar,
    paired_difference,
    patch_means,
    wilson,
)

NAN = float("nan")


def clustered(
    lot: np.random.Generator, rate: float, images: int, per_image: int
) -> dict[str, Values]:
    """Draw outcomes whose chance varies between images by a beta with mean ``rate``."""
    chances = lot.beta(4 * rate, 4 * (1 - rate), size=images)
    return {
        f"image{i}": (lot.random(per_image) < chance).astype(float)
        for i, chance in enumerate(chances)
    }


def test_wilson_equals_published_values() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3.
    for hits, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)):
        assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(29, 29) == pytest.approx((0.8830, 1.0), abs=5e-5)


def test_wilson_of_nothing_is_everything() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate_and_mirrors(counts: tuple[int, int]) -> None:
    hits, n = counts
    low, high = wilson(hits, n)
    mirrored = wilson(n - hits, n)
    assert 0 <= low <= hits / n <= high <= 1
    assert (low, high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))


def test_wilson_covers_the_truth_about_as_often_as_it_says() -> None:
    lot = np.random.default_rng(1)
    for rate in (0.05, 0.3, 0.7):
        draws = lot.binomial(100, rate, size=2000)
        covered = [low <= rate <= high for low, high in (wilson(int(k), 100) for k in draws)]
        assert 0.93 <= np.mean(covered) <= 0.98


@pytest.mark.parametrize(("hits", "n"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(hits: int, n: int) -> None:
    with pytest.raises(UsageError, match=f"hits={hits} of n={n}"):
        wilson(hits, n)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_an_impossible_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(UsageError, match="confidence"):
        wilson(1, 5, confidence)
    with pytest.raises(UsageError, match="confidence"):
        cluster_bootstrap_mean({"a": np.zeros(2), "b": np.ones(2)}, confidence=confidence)


def test_bootstrap_covers_a_clustered_mean_where_wilson_does_not() -> None:
    lot = np.random.default_rng(2)
    rate, covered, covered_by_wilson = 0.4, [], []
    for trial in range(200):
        values = clustered(lot, rate, images=40, per_image=10)
        interval = cluster_bootstrap_mean(values, draws=300, seed=trial)
        assert interval is not None
        low, high = interval
        covered.append(low <= rate <= high)
        pooled = np.concatenate(list(values.values()))
        low, high = wilson(int(pooled.sum()), len(pooled))
        covered_by_wilson.append(low <= rate <= high)
    assert 0.90 <= np.mean(covered) <= 0.98
    assert np.mean(covered_by_wilson) < 0.85


def test_bootstrap_width_is_that_of_the_mean_of_images() -> None:
    values = {f"image{i}": np.array([float(i % 2)] * 6) for i in range(100)}
    interval = cluster_bootstrap_mean(values, draws=3000)
    assert interval is not None
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * sqrt(0.25 / 100), rel=0.1)


def test_patches_average_over_their_scored_layers_first() -> None:
    values = np.array([[1.0, 0.0], [1.0, NAN], [NAN, NAN]])
    assert patch_means(values) == pytest.approx([0.5, 1.0, NAN], nan_ok=True)


def test_bootstrap_does_not_depend_on_the_order_of_images() -> None:
    lot = np.random.default_rng(3)
    values: dict[str, Values] = {f"image{i}": lot.random(3) for i in range(12)}
    turned = dict(reversed(values.items()))
    assert cluster_bootstrap_mean(values, seed=5) == cluster_bootstrap_mean(turned, seed=5)
    assert cluster_bootstrap_mean(values, seed=5) != cluster_bootstrap_mean(values, seed=6)


def test_one_image_has_no_interval() -> None:
    assert cluster_bootstrap_mean({"a": np.array([0.0, 1.0])}) is None
    assert cluster_bootstrap_mean({"a": np.array([0.0, 1.0]), "b": np.array([NAN])}) is None
    assert cluster_bootstrap_mean({}) is None


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_equal_outcomes_do_not_look_certain(outcome: float) -> None:
    values = {f"image{i}": np.full(10, outcome) for i in range(20)}
    assert cluster_bootstrap_mean(values) == wilson(20 * int(outcome), 20)


def test_unscored_patches_are_left_out_of_the_mean() -> None:
    base = clustered(np.random.default_rng(4), 0.5, images=30, per_image=4)
    padded = {image: np.append(values, [NAN, NAN]) for image, values in base.items()}
    assert cluster_bootstrap_mean(base) == cluster_bootstrap_mean(padded)


def test_difference_of_a_lens_with_itself_is_exactly_nothing() -> None:
    values = clustered(np.random.default_rng(5), 0.5, images=10, per_image=4)
    result = paired_difference(values, values)
    assert (result.mean, result.low, result.high, result.n) == (0.0, 0.0, 0.0, 40)
    assert not result.differs


def test_difference_turns_its_sign_with_the_lenses() -> None:
    lot = np.random.default_rng(6)
    a = clustered(lot, 0.6, images=30, per_image=4)
    b = clustered(lot, 0.3, images=30, per_image=4)
    one, other = paired_difference(a, b), paired_difference(b, a)
    assert one.mean == pytest.approx(-other.mean if other.mean is not None else NAN)
    assert one.low == pytest.approx(-other.high if other.high is not None else NAN)
    assert one.differs
    assert other.differs


def test_pairing_is_by_patch_and_uses_only_what_both_have() -> None:
    a = {"x": np.array([1.0, 1.0, NAN, 0.0]), "y": np.array([1.0])}
    b = {"x": np.array([0.0, NAN, 1.0, 0.0]), "y": np.array([0.0])}
    result = paired_difference(a, b)
    assert result.mean == pytest.approx(2 / 3)
    assert result.n == 3


def test_difference_covers_the_truth_when_images_share_their_difficulty() -> None:
    lot = np.random.default_rng(7)
    covered = []
    for trial in range(200):
        easy = lot.random(40)
        a = {f"i{i}": (lot.random(6) < 0.2 + 0.5 * e).astype(float) for i, e in enumerate(easy)}
        b = {f"i{i}": (lot.random(6) < 0.1 + 0.5 * e).astype(float) for i, e in enumerate(easy)}
        _, low, high, _ = paired_difference(a, b, draws=300, seed=trial)
        assert low is not None
        assert high is not None
        covered.append(low <= 0.1 <= high)
    assert 0.90 <= np.mean(covered) <= 0.98


def test_difference_without_common_patches_is_unknown() -> None:
    result = paired_difference({"x": np.array([NAN])}, {"x": np.array([1.0])})
    assert (result.mean, result.low, result.n, result.differs) == (None, None, 0, False)


def test_tables_that_do_not_match_are_refused() -> None:
    with pytest.raises(MismatchError, match="different images"):
        paired_difference({"x": np.zeros(2)}, {"y": np.zeros(2)})
    with pytest.raises(MismatchError, match="'x'"):
        paired_difference({"x": np.zeros(2)}, {"x": np.zeros(3)})


def test_mcnemar_is_the_exact_binomial_test() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 1024)
    assert mcnemar(9, 1) == mcnemar(1, 9)
    assert 0 < mcnemar(600, 900) < 1e-12
    with pytest.raises(UsageError, match="negative"):
        mcnemar(-1, 3)
