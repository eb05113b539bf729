from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from reports.sections.concordance import Scored, auc, binned, correlation, ranks
from reports.sections.estimates import Estimate

SEED = 3


def scored(
    scores: list[float], hits: list[int], strata: list[int] | None = None, per_image: int = 2
) -> Scored:
    n = len(scores)
    return Scored(
        scores=np.array(scores, dtype=np.float64),
        hits=np.array(hits, dtype=np.float64),
        strata=np.array(strata or [0] * n),
        images=np.arange(n) // per_image,
    )


def whole(found: Estimate) -> tuple[float, float, float]:
    """Return a figure and its interval, which must be there."""
    value, low, high = found
    assert value is not None
    assert low is not None
    assert high is not None
    return value, low, high


items = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(0, 2)), min_size=1, max_size=40
)


@given(items)
def test_auc_is_the_share_of_pairs_of_one_stratum_in_the_right_order(
    given_items: list[tuple[int, int, int]],
) -> None:
    wins = pairs = 0.0
    for score, hit, stratum in given_items:
        for other, miss, there in given_items:
            if hit == 1 and miss == 0 and stratum == there:
                pairs += 1
                wins += 1.0 if score > other else 0.5 if score == other else 0.0
    found = auc(scored(*map(list, zip(*given_items, strict=True))), SEED)  # type: ignore[arg-type]
    if pairs == 0:
        assert found == (None, None, None)
    else:
        assert found.value == pytest.approx(wins / pairs)


def test_auc_in_one_stratum_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    hits = rng.integers(0, 2, 300)
    scores = np.round(rng.normal(size=300) + hits, 1)
    found = auc(scored(scores.tolist(), hits.tolist()), SEED)
    value, low, high = whole(found)
    assert value == pytest.approx(roc_auc_score(hits, scores))
    assert 0.5 < low < value < high < 1


@given(items, st.floats(0.1, 10), st.floats(-5, 5))
def test_rising_changes_of_a_stratum_change_nothing(
    given_items: list[tuple[int, int, int]], scale: float, shift: float
) -> None:
    values, hits, strata = map(list, zip(*given_items, strict=True))
    moved = [v * scale + shift if s == 1 else float(v) for v, s in zip(values, strata, strict=True)]
    before, after = scored(values, hits, strata), scored(moved, hits, strata)
    assert auc(before, SEED) == auc(after, SEED)
    assert binned(before, 4, SEED) == binned(after, 4, SEED)


def test_full_separation_and_single_images_have_no_interval() -> None:
    assert auc(scored([1, 2, 3, 4], [0, 0, 1, 1]), SEED) == (1.0, None, None)
    one_image = scored([1, 2, 3, 4], [0, 1, 0, 1], per_image=4)
    assert auc(one_image, SEED) == (0.75, None, None)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_ranks_are_inside_0_and_1_and_equal_for_equal_values(values: list[int]) -> None:
    given_values = np.array(values, dtype=np.float64)
    found = ranks(given_values, np.zeros(len(values), dtype=np.int64))
    assert found.mean() == pytest.approx(0.5)
    assert ((found > 0) & (found < 1)).all()
    assert len(set(found.round(9))) == len(set(values))
    assert (np.argsort(found, kind="stable") == np.argsort(given_values, kind="stable")).all()


def test_correlation_in_one_stratum_is_spearmans() -> None:
    rng = np.random.default_rng(1)
    first = np.round(rng.normal(size=200), 1)
    second = np.round(first + rng.normal(size=200), 1)
    found = correlation(first, second, scored(first.tolist(), [0] * 200), SEED)
    value, low, high = whole(found)
    assert value == pytest.approx(float(spearmanr(first, second).statistic))
    assert 0 < low < value < high < 1


def test_correlation_with_a_constant_is_undefined() -> None:
    constant, rising = np.ones(6), np.arange(6.0)
    found = correlation(constant, rising, scored([0.0] * 6, [0] * 6), SEED)
    assert found == (None, None, None)


def test_bins_hold_every_item_once_and_rates_of_their_own() -> None:
    hits = [0] * 10 + [1] * 10
    found = binned(scored([float(i) for i in range(20)], hits), 4, SEED)
    assert [(each.n, each.rate) for each in found] == [(5, 0.0), (5, 0.0), (5, 1.0), (5, 1.0)]
    assert [each.rank for each in found] == pytest.approx([0.125, 0.375, 0.625, 0.875])
    for each in found:
        assert each.interval is not None
        assert each.interval.low <= each.rate <= each.interval.high
        assert each.interval.high - each.interval.low > 0.2


def test_equal_scores_fall_into_one_bin() -> None:
    (only,) = binned(scored([1.0] * 8, [0, 1] * 4), 10, SEED)
    assert (only.n, only.rate, only.rank) == (8, 0.5, 0.5)


def simulated(rng: np.random.Generator, images: int, per_image: int, shift: float) -> Scored:
    """Return items whose scores and chances of a hit move together within images."""
    image = np.repeat(np.arange(images), per_image)
    hard, loud = rng.normal(size=images), rng.normal(size=images)
    hits = (rng.normal(size=len(image)) + hard[image] > 0).astype(np.float64)
    scores = rng.normal(size=len(image)) + 0.7 * loud[image] + shift * hits
    return Scored(scores, hits, np.zeros(len(image), dtype=np.int64), image)


def test_the_interval_is_as_wide_as_that_of_resampled_images() -> None:
    rng = np.random.default_rng(7)
    found = simulated(rng, 60, 5, 0.5)
    _, low, high = whole(auc(found, SEED))
    drawn = []
    for _ in range(400):
        rows = (rng.integers(0, 60, 60)[:, None] * 5 + np.arange(5)).ravel()
        drawn.append(roc_auc_score(found.hits[rows], found.scores[rows]))
    assert high - low == pytest.approx(2 * 2.0 * float(np.std(drawn)), rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize(("images", "shift"), [(20, 0.0), (100, 0.0), (100, 1.0)])
def test_intervals_of_auc_hold_the_truth(images: int, shift: float) -> None:
    rng = np.random.default_rng(5)
    truth = auc(simulated(rng, 20_000, 10, shift), SEED).value
    assert truth is not None
    held = 0
    for _ in range(600):
        _, low, high = whole(auc(simulated(rng, images, 10, shift), SEED))
        held += low <= truth <= high
    assert 0.925 <= held / 600 <= 0.985
