from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.bootstrap import Floats
from harness.core.student import t_quantile
from human_eval.rates import mean_difference, rate

NAN = float("nan")


def singles(n: int) -> list[str]:
    """Return names of ``n`` images of one item each."""
    return [f"image{k:04d}" for k in range(n)]


def hits(k: int, n: int) -> Floats:
    """Return ``k`` hits among ``n`` items."""
    return (np.arange(n) < k).astype(float)


studies = st.lists(
    st.tuples(
        st.sampled_from([0.0, 1.0, NAN]), st.sampled_from([0.0, 0.5, 1.0, 7.0]), st.integers(0, 5)
    ),
    max_size=30,
)


def arrays(study: list[tuple[float, float, int]]) -> tuple[Floats, Floats, list[str]]:
    """Return values, weights and names of images of a drawn study."""
    values = np.array([value for value, _, _ in study], dtype=float)
    weights = np.array([weight for _, weight, _ in study], dtype=float)
    return values, weights, [f"image{image}" for _, _, image in study]


def test_independent_items_give_wilsons_interval() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3; t with 262 degrees for z.
    found = rate(hits(81, 263), np.ones(263), singles(263))
    assert found.estimate == pytest.approx(81 / 263)
    assert found.interval == pytest.approx((0.2553, 0.3662), abs=1e-3)
    assert found.n == 263 and found.method == "Wilson, effective n of images"


@pytest.mark.parametrize("together", [True, False])
def test_the_ends_solve_the_score_equation(together: bool) -> None:
    values = hits(15, 60)
    images = [k // 3 if together else k % 20 for k in range(60)]
    found = rate(values, np.ones(60), [f"image{k:02d}" for k in images])
    assert found.interval is not None
    sums = np.bincount(images, values)
    variance = 20 / 19 * float(((sums - 3 * 0.25) ** 2).sum()) / 60**2
    effective = min(60.0, 0.25 * 0.75 / variance)
    assert effective == (pytest.approx(19.0) if together else 60.0)
    for end in found.interval:
        score = (0.25 - end) / np.sqrt(end * (1 - end) / effective)
        assert abs(score) == pytest.approx(t_quantile(0.975, 19), rel=1e-9)


def test_copies_of_an_item_on_its_image_tell_nothing_new() -> None:
    once = rate(hits(12, 40), np.ones(40), singles(40))
    copied = rate(np.repeat(hits(12, 40), 9), np.ones(360), np.repeat(singles(40), 9).tolist())
    assert copied.n == 360
    assert copied.interval == pytest.approx(once.interval)


def test_items_that_differ_more_within_images_than_between_count_at_most_fully() -> None:
    names = np.repeat(singles(30), 2).tolist()
    values = np.resize([0.0, 1.0], 60)
    found = rate(values, np.ones(60), names)
    apart = rate(values, np.ones(60), singles(60))
    assert found.interval is not None and apart.interval is not None
    assert found.interval[1] - found.interval[0] >= apart.interval[1] - apart.interval[0]


def test_all_hits_or_none_count_images_only() -> None:
    # Newcombe 1998, as above: 0 of 20 and 29 of 29.
    zero = rate(np.zeros(80), np.ones(80), np.repeat(singles(20), 4).tolist())
    assert zero.estimate == 0
    assert zero.interval == pytest.approx((0.0, 0.1611), abs=5e-5)
    full = rate(np.ones(87), np.full(87, 0.1), np.repeat(singles(29), 3).tolist())
    assert full.estimate == 1
    assert full.interval == pytest.approx((0.8830, 1.0), abs=5e-5)


def test_uneven_images_count_for_less() -> None:
    even = rate(np.zeros(40), np.ones(40), np.repeat(singles(20), 2).tolist())
    uneven = rate(np.zeros(40), np.ones(40), ["image0"] * 21 + singles(20)[1:])
    assert even.interval is not None and uneven.interval is not None
    assert uneven.interval[1] > even.interval[1]


def test_weights_repeat_items() -> None:
    values, names = hits(7, 30), [f"image{k % 11}" for k in range(30)]
    times = np.arange(30) % 3 + 1
    weighted = rate(values, times.astype(float), names)
    again = np.repeat(names, times).tolist()
    repeated = rate(np.repeat(values, times), np.ones(times.sum()), again)
    assert weighted.estimate == pytest.approx(repeated.estimate)
    assert weighted.n == 30
    apart = values - 0.5
    first = mean_difference(apart, times.astype(float), names)
    second = mean_difference(np.repeat(apart, times), np.ones(times.sum()), again)
    assert first.estimate == pytest.approx(second.estimate)
    assert first.interval == pytest.approx(second.interval)


def test_weights_undo_a_stratified_draw() -> None:
    values = np.concatenate([hits(45, 50), hits(5, 50)])
    weights = np.repeat([1.0, 9.0], 50)
    found = rate(values, weights, singles(100))
    assert found.estimate == pytest.approx((0.9 + 9 * 0.1) / 10)


@pytest.mark.parametrize("figure", [rate, mean_difference])
def test_what_cannot_be_told_has_a_reason(figure: object) -> None:
    compute = rate if figure is rate else mean_difference
    nothing = compute(np.array([NAN, NAN]), np.ones(2), ["a", "b"])
    assert (nothing.estimate, nothing.n, nothing.reason) == (None, 0, "nothing to count")
    empty = compute(np.zeros(0), np.zeros(0), [])
    assert (empty.estimate, empty.reason) == (None, "nothing to count")
    weightless = compute(np.ones(2), np.zeros(2), ["a", "b"])
    assert (weightless.estimate, weightless.n) == (None, 0)
    one = compute(np.array([1.0, 0.0, NAN]), np.ones(3), ["a", "a", "b"])
    assert (one.estimate, one.interval, one.n) == (0.5, None, 2)
    assert one.reason == "all items are of one image"


def test_differences_that_do_not_vary_have_no_interval() -> None:
    same = mean_difference(np.zeros(40), np.ones(40), singles(40))
    assert (same.estimate, same.interval) == (0.0, None)
    assert same.reason == "every difference is 0: its spread is unknown"
    balanced = mean_difference(np.resize([1.0, -1.0], 40), np.full(40, 0.1), singles(20) * 2)
    assert balanced.interval is not None or balanced.reason
    flat = mean_difference(
        np.resize([1.0, -1.0], 40), np.full(40, 0.1), np.repeat(singles(20), 2).tolist()
    )
    assert flat.estimate == pytest.approx(0.0)
    assert (flat.interval, flat.reason) == (None, "all images have the same mean")


def test_the_difference_is_of_what_is_counted() -> None:
    differences = np.array([1.0, 0.0, -1.0, NAN, 1.0])
    found = mean_difference(differences, np.array([1.0, 1.0, 1.0, 50.0, 2.0]), singles(5))
    assert found.estimate == pytest.approx(2 / 5) and found.n == 4
    assert found.interval is not None and found.interval[0] < 0.4 < found.interval[1]
    assert found.method == "image bootstrap"


@settings(deadline=None)
@given(studies, st.randoms(use_true_random=False))
def test_every_study_gives_a_value_or_a_reason_in_any_order(
    study: list[tuple[float, float, int]], lot: object
) -> None:
    values, weights, names = arrays(study)
    found = rate(values, weights, names)
    if found.interval is not None and found.estimate is not None:
        low, high = found.interval
        assert 0 <= low <= found.estimate <= high <= 1 and low < high
    order = list(range(len(study)))
    lot.shuffle(order)  # type: ignore[attr-defined]
    other = rate(values[order], weights[order], [names[k] for k in order])
    assert other.estimate == pytest.approx(found.estimate)
    assert other.interval == pytest.approx(found.interval)
    first = mean_difference(values - 0.5, weights, names)
    second = mean_difference((values - 0.5)[order], weights[order], [names[k] for k in order])
    assert first.estimate == pytest.approx(second.estimate)
    assert first.interval == pytest.approx(second.interval)
