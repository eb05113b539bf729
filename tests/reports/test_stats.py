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
    newcombe,
    paired_difference,
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


def test_each_layer_has_one_vote_however_much_of_it_is_scored() -> None:
    a = {"x": np.array([[1.0, 0.0], [1.0, NAN]]), "y": np.array([[0.0, 1.0], [1.0, NAN]])}
    b = {image: np.zeros_like(values) for image, values in a.items()}
    # Layer means are 3 / 4 of four patches and 1 / 2 of two.
    assert paired_difference(a, b).mean == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert paired_difference(a, b).n == 4


def test_an_interval_with_gaps_is_that_of_means_of_layers() -> None:
    lot = np.random.default_rng(11)
    values = {f"i{i:02}": (lot.random((6, 2)) < (0.9, 0.2)).astype(float) for i in range(40)}
    for image in values.values():
        image[lot.random(6) < 0.5, 1] = NAN
    interval = cluster_bootstrap_mean(values)
    assert interval is not None
    rng, drawn = np.random.default_rng(0), []
    for _ in range(2000):
        chosen = [f"i{i:02}" for i in rng.integers(0, 40, size=40)]
        table = np.concatenate([values[image] for image in chosen])
        drawn.append(np.nanmean(table, axis=0).mean())
    low, high = np.quantile(drawn, [0.025, 0.975])
    # Forty images expand percentiles by 5 %.
    assert interval.high - interval.low == pytest.approx(1.05 * (high - low), rel=0.06)
    assert interval == pytest.approx((low, high), abs=0.01)


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


def test_unscored_patches_are_left_out_of_the_mean() -> None:
    base = clustered(np.random.default_rng(4), 0.5, images=30, per_image=4)
    padded = {image: np.append(values, [NAN, NAN]) for image, values in base.items()}
    assert cluster_bootstrap_mean(base) == pytest.approx(cluster_bootstrap_mean(padded))


def test_difference_of_a_lens_with_itself_is_nothing_but_not_certain() -> None:
    values = clustered(np.random.default_rng(5), 0.5, images=10, per_image=4)
    result = paired_difference(values, values)
    unseen = wilson(0, 10).high
    assert (result.mean, result.low, result.high, result.n) == (0.0, -unseen, unseen, 40)
    assert not result.differs


def test_a_constant_difference_leaves_open_what_its_images_leave_open() -> None:
    ones = {f"i{i}": np.ones(3) for i in range(20)}
    zeros = {image: np.zeros(3) for image in ones}
    unseen = wilson(0, 20).high
    result = paired_difference(ones, zeros)
    assert (result.mean, result.high) == (1.0, 1.0)
    assert result.low == pytest.approx(1 - 2 * unseen)


def test_what_no_image_shows_stays_possible() -> None:
    unseen = wilson(0, 20).high
    a = {f"i{i:02}": np.array([1.0, float(i < 2)]) for i in range(20)}
    b = {image: np.array([1.0, 0.0]) for image in a}
    result, turned = paired_difference(a, b), paired_difference(b, a)
    assert result.mean == pytest.approx(0.05)
    assert result.low == pytest.approx((1 - unseen) * 0.05 - unseen)
    assert turned.high == pytest.approx(-(result.low or 0.0))
    assert not result.differs
    # One image on the other side is evidence of how many there are.
    b["i19"] = np.array([1.0, 1.0])
    assert (paired_difference(a, b).low or -1.0) > -unseen / 2


def test_one_sided_differences_of_enough_images_are_found() -> None:
    a = {f"i{i:03}": np.array([float(i < 30)]) for i in range(100)}
    b = {image: np.array([0.0]) for image in a}
    assert paired_difference(a, b).differs


@pytest.mark.parametrize("rate", [0.0, 0.25, 1.0])
def test_equal_images_do_not_look_certain(rate: float) -> None:
    hits = int(4 * rate)
    values = {f"image{i}": np.repeat([1.0, 0.0], [hits, 4 - hits]) for i in range(20)}
    assert cluster_bootstrap_mean(values) == pytest.approx(wilson(int(20 * rate), 20))


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


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17(8), table II, method 10.
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_newcombe_equals_published_values(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    assert newcombe(*counts) == pytest.approx((low, high), abs=5e-5)


rates = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(rates, rates)
def test_newcombe_agrees_with_statsmodels_and_mirrors(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = newcombe(*a, *b)
    assert (low, high) == pytest.approx(
        confint_proportions_2indep(*a, *b, method="newcomb", compare="diff"), abs=1e-9
    )
    mirrored = newcombe(*b, *a)
    assert (low, high) == pytest.approx((-mirrored.high, -mirrored.low))
    assert low <= a[0] / a[1] - b[0] / b[1] <= high


def test_newcombe_takes_effective_numbers_and_refuses_impossible_ones() -> None:
    assert newcombe(20.5, 41.0, 30, 100).low < newcombe(205, 410, 30, 100).low
    assert newcombe(0, 0, 3, 10) == Interval(-1.0, 1.0)
    with pytest.raises(UsageError, match="hits_b=11 of n_b=10"):
        newcombe(1, 2, 11, 10)
    with pytest.raises(UsageError, match="confidence"):
        newcombe(1, 2, 3, 4, confidence=95)
