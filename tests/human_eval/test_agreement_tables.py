"""Records of coefficients with intervals: point values, resamples, reasons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from harness.core.agreement import Coefficients, Estimate
from harness.core.bootstrap import METHOD, Floats
from human_eval.agreement_sums import cohen_kappas, cohen_sums
from human_eval.agreement_tables import (
    ALIKE,
    FULL,
    ONE_IMAGE,
    SAME,
    UNDEFINED,
    group_coefficients,
    kappa_difference,
    pair_coefficients,
)
from human_eval.coefficients import ONE_CLASS, cohen_kappa
from human_eval.rates import RATE_METHOD
from human_eval.rating_table import Codes, RatingTable
from tests.human_eval.rated_groups import EXACT, groups


def estimates(found: Coefficients) -> dict[str, Estimate]:
    return {name: getattr(found, name) for name in EXACT}


def codes(*values: int) -> Codes:
    return np.array(values, dtype=np.int64)


def raters(n: int, seed: int, flip: float = 0.15) -> tuple[Codes, Codes, list[str]]:
    """Return two raters of two classes who differ on some items, six items per image."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    first, second = (np.where(rng.random(n) < flip, 1 - truth, truth) for _ in range(2))
    return first, second, [f"image-{i // 6:03d}" for i in range(n)]


@given(groups())
@settings(max_examples=80, deadline=None)
def test_records_hold_the_exact_values_and_explain_the_rest(
    case: tuple[RatingTable, list[str]],
) -> None:
    table, images = case
    found = group_coefficients(table.ratings, table.categories, table.weights, images)
    compared = (table.ratings >= 0).sum(axis=1) > 1
    assert found.n == compared.sum()
    assert found.images == len({i for i, used in zip(images, compared, strict=True) if used})
    for name, estimate in estimates(found).items():
        exact = EXACT[name](table)
        assert estimate.estimate == (None if exact.value is None else pytest.approx(exact.value))
        if exact.value is None:
            assert estimate.reason == exact.reason
            assert estimate.interval is None
        elif estimate.interval is None:
            assert estimate.reason in (ALIKE, FULL, ONE_IMAGE, UNDEFINED) or name in (
                "percent",
                "pabak",
            )
        else:
            assert estimate.interval[0] < estimate.interval[1]
            assert estimate.reason == ""
    assert "nan" not in found.model_dump_json().lower()


def test_two_raters_of_many_images() -> None:
    first, second, images = raters(600, 1)
    found = pair_coefficients(first, second, 2, np.ones(600), images)
    assert (found.n, found.images) == (600, 100)
    for name, estimate in estimates(found).items():
        assert estimate.estimate is not None and estimate.interval is not None
        assert estimate.interval[0] < estimate.estimate < estimate.interval[1]
        assert estimate.n == 600
        assert estimate.method == (RATE_METHOD if name in ("percent", "pabak") else METHOD)


def test_kappa_interval_is_that_of_whole_images_resampled() -> None:
    """Against resamples drawn and computed one by one, by sklearn on the drawn items."""
    first, second, images = raters(300, 2)
    found = pair_coefficients(first, second, 2, np.ones(300), images).cohen_kappa
    rng = np.random.default_rng(5)
    rows = np.arange(300).reshape(50, 6)
    drawn = []
    for _ in range(400):
        taken = rows[rng.integers(0, 50, 50)].ravel()
        table = RatingTable(np.stack([first, second], 1)[taken], 2, np.ones(300))
        drawn.append(cohen_kappas(cohen_sums(table).rows.sum(axis=0)))
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.interval is not None
    # The expanded interval is a little wider than the plain one of these draws.
    assert found.interval[0] == pytest.approx(low, abs=0.025)
    assert found.interval[1] == pytest.approx(high, abs=0.025)
    assert found.interval[1] - found.interval[0] > 0.9 * (high - low)


def test_copies_within_images_widen_the_intervals() -> None:
    """Each item six times over tells no more than once, if the copies are of one image."""
    first, second, _ = raters(60, 3)
    single = pair_coefficients(first, second, 2, np.ones(60), [str(i) for i in range(60)])
    six = [np.repeat(part, 6) for part in (first, second, np.arange(60))]
    within = pair_coefficients(six[0], six[1], 2, np.ones(360), [str(i) for i in six[2]])
    spread = pair_coefficients(six[0], six[1], 2, np.ones(360), [str(i) for i in range(360)])
    for name in EXACT:
        wide, copied, narrow = (getattr(found, name).interval for found in (single, within, spread))
        assert copied[1] - copied[0] == pytest.approx(wide[1] - wide[0], rel=0.05), name
        assert narrow[1] - narrow[0] < 0.6 * (copied[1] - copied[0]), name


def test_results_depend_on_the_seed_and_not_on_the_order_of_items() -> None:
    first, second, images = raters(120, 4)
    weights = np.linspace(0.5, 8, 120)
    order = np.random.default_rng(0).permutation(120)
    found = pair_coefficients(first, second, 2, weights, images, seed=3)
    shuffled = pair_coefficients(
        first[order], second[order], 2, weights[order], [images[i] for i in order], seed=3
    )
    for name, estimate in estimates(found).items():
        other = getattr(shuffled, name)
        assert other.estimate == pytest.approx(estimate.estimate)
        assert other.interval == pytest.approx(estimate.interval)
    again = pair_coefficients(first, second, 2, weights, images, seed=3)
    assert again == found
    assert pair_coefficients(first, second, 2, weights, images, seed=4) != found


def test_weights_change_the_estimates_and_their_size_does_not() -> None:
    first, second, images = raters(120, 5)
    weights = np.where(first == second, 9.0, 1.0)
    plain, weighted, scaled = (
        pair_coefficients(first, second, 2, w, images)
        for w in (np.ones(120), weights, 1000 * weights)
    )
    for name in EXACT:
        assert getattr(weighted, name).estimate > getattr(plain, name).estimate + 0.05
        assert getattr(scaled, name).estimate == pytest.approx(getattr(weighted, name).estimate)
        assert getattr(scaled, name).interval == pytest.approx(getattr(weighted, name).interval)
        assert getattr(weighted, name).n == 120


def test_a_group_counts_items_and_pairs() -> None:
    """Items with three, two, one and no rating, on three images."""
    ratings = np.array([[0, 1, 0], [1, -1, 1], [0, -1, -1], [-1, -1, -1], [1, 1, 0]])
    found = group_coefficients(ratings, 2, np.ones(5), ["a", "b", "c", "c", "a"])
    assert (found.n, found.images) == (3, 2)
    assert found.cohen_kappa.n == found.percent.n == found.pabak.n == 3 + 1 + 3
    assert found.gwet_ac1.n == found.fleiss_kappa.n == found.krippendorff_alpha.n == 3
    assert found.percent.estimate == pytest.approx((1 / 3 + 1 + 1 / 3) / 3)


def test_pabak_follows_percent() -> None:
    rng = np.random.default_rng(6)
    first = rng.integers(0, 4, 90)
    second = np.where(rng.random(90) < 0.7, first, rng.integers(0, 4, 90))
    found = pair_coefficients(first, second, 4, np.ones(90), [str(i // 3) for i in range(90)])
    assert found.percent.estimate is not None and found.percent.interval is not None
    assert found.pabak.estimate == pytest.approx((4 * found.percent.estimate - 1) / 3)
    assert found.pabak.interval == pytest.approx(
        tuple((4 * end - 1) / 3 for end in found.percent.interval)
    )


def test_full_agreement_has_no_interval_of_zero_width() -> None:
    first, _, images = raters(60, 7)
    found = pair_coefficients(first, first, 2, np.ones(60), images)
    for name, estimate in estimates(found).items():
        assert estimate.estimate == 1.0
        if name in ("percent", "pabak"):
            assert estimate.interval is not None and estimate.interval[0] < estimate.interval[1]
        else:
            assert (estimate.interval, estimate.reason) == (None, FULL)


@pytest.mark.parametrize("weight", [1.0, 0.1])
def test_images_that_are_all_alike_have_no_interval(weight: float) -> None:
    """Nor one of rounding: sums of 0.1 differ a little with their number."""
    first, second = codes(*[0, 0, 1, 1] * 7), codes(*[0, 1, 1, 1] * 7)
    images = [str(i // 4) for i in range(28)]
    found = pair_coefficients(first, second, 2, np.full(28, weight), images)
    for name in ("cohen_kappa", "gwet_ac1", "fleiss_kappa"):
        assert getattr(found, name).reason == ALIKE
        assert getattr(found, name).interval is None
    assert found.percent.interval is not None


def test_one_image_has_no_interval() -> None:
    first, second, _ = raters(30, 8)
    for estimate in estimates(
        pair_coefficients(first, second, 2, np.ones(30), ["a"] * 30)
    ).values():
        assert estimate.estimate is not None and estimate.interval is None
        assert estimate.reason == ONE_IMAGE
    ratings = np.array([[0, 1], [1, 1], [0, -1], [1, -1]])
    lone = group_coefficients(ratings, 2, np.ones(4), ["a", "a", "b", "c"])
    assert lone.images == 1
    assert lone.fleiss_kappa.reason == ONE_IMAGE


def test_a_class_of_one_image_leaves_kappa_without_interval() -> None:
    """A third of the resamples miss the only image with a hit."""
    first = codes(1, *[0] * 19)
    second = codes(1, 1, *[0] * 18)
    found = pair_coefficients(first, second, 2, np.ones(20), [str(i // 2) for i in range(20)])
    for name in ("cohen_kappa", "krippendorff_alpha", "fleiss_kappa"):
        assert getattr(found, name).estimate is not None
        assert getattr(found, name).reason == UNDEFINED
    assert found.gwet_ac1.interval is not None


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        (np.zeros((0, 2), dtype=np.int64), "nothing was rated by both"),
        (np.full((3, 3), -1), "nothing was rated"),
        (np.array([[0], [1], [1]]), "only one rater"),
        (np.array([[0, -1, -1], [-1, 1, -1], [-1, -1, 0]]), "no item has two ratings"),
    ],
)
def test_nothing_to_compare_is_typed(ratings: Codes, reason: str) -> None:
    n = len(ratings)
    found = group_coefficients(ratings, 2, np.ones(n), [str(i) for i in range(n)])
    assert (found.n, found.images) == (0, 0)
    for estimate in estimates(found).values():
        assert estimate == Estimate(estimate=None, reason=reason)


def test_one_class_is_typed() -> None:
    ones = codes(1, 1, 1, 1)
    found = pair_coefficients(ones, ones, 2, np.ones(4), ["a", "a", "b", "c"])
    for name in ("cohen_kappa", "fleiss_kappa", "krippendorff_alpha"):
        assert getattr(found, name) == Estimate(estimate=None, n=4, reason=ONE_CLASS)
    assert found.gwet_ac1 == Estimate(estimate=1.0, n=4, reason=FULL)
    assert found.percent.estimate == 1.0


def test_as_many_names_of_images_as_items() -> None:
    with pytest.raises(ValueError, match="2 items and 1 names of images"):
        pair_coefficients(codes(0, 1), codes(0, 1), 2, np.ones(2), ["a"])
    with pytest.raises(ValueError, match="2 items and 1 names of images"):
        kappa_difference(codes(0, 1), codes(0, 1), codes(1, 1), np.ones(2), ["a"])


def kappa(first: Codes, second: Codes, weights: Floats) -> float:
    value = cohen_kappa(RatingTable(np.stack([first, second], 1), 2, weights)).value
    assert value is not None
    return value


def test_kappa_difference_is_paired() -> None:
    """Two judges with nearly the same errors differ with less doubt than each of them has."""
    rng = np.random.default_rng(9)
    reference, good, images = raters(600, 10)
    bad = np.where(rng.random(600) < 0.04, 1 - good, good)
    weights = rng.uniform(0.5, 2, 600)
    found = kappa_difference(good, bad, reference, weights, images)
    assert found.estimate == pytest.approx(
        kappa(good, reference, weights) - kappa(bad, reference, weights)
    )
    assert found.interval is not None and found.estimate is not None
    assert found.interval[0] < found.estimate < found.interval[1]
    alone = pair_coefficients(good, reference, 2, weights, images).cohen_kappa
    assert alone.interval is not None
    assert found.interval[1] - found.interval[0] < 0.6 * (alone.interval[1] - alone.interval[0])
    turned = kappa_difference(bad, good, reference, weights, images)
    assert turned.estimate == pytest.approx(-found.estimate)
    assert turned.interval == pytest.approx((-found.interval[1], -found.interval[0]), abs=0.01)


def test_kappa_difference_without_kappa_or_interval() -> None:
    reference, first, images = raters(60, 11)
    ones = np.ones(60)
    assert kappa_difference(first, first, reference, ones, images) == Estimate(
        estimate=0.0, n=60, reason=SAME
    )
    assert kappa_difference(first, reference, reference, ones, ["a"] * 60).reason == ONE_IMAGE
    constant = np.zeros(60, dtype=np.int64)
    for one, other in ((first, constant), (constant, first)):
        undefined = kappa_difference(one, other, constant, ones, images)
        assert undefined == Estimate(estimate=None, n=60, reason=f"no kappa: {ONE_CLASS}")
    nothing = codes()
    empty = kappa_difference(nothing, nothing, nothing, np.zeros(0), [])
    assert empty == Estimate(estimate=None, reason="no kappa: nothing was rated by both")
