from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.figures.axes import linear_ticks, log_ticks, tick_labels, value_axis

VALUES = st.floats(-1e12, 1e12, allow_subnormal=False)
POSITIVE = st.floats(1e-12, 1e12)
ENDS = (300.0, 20.0)


@given(st.lists(VALUES, max_size=8), st.none() | st.tuples(VALUES, VALUES))
def test_every_value_lies_between_the_ends_and_marks_are_round_and_few(
    values: list[float], wished: tuple[float, float] | None
) -> None:
    axis = value_axis(values, ENDS, given=wished)
    slack = 1e-6 * (axis.scale.high - axis.scale.low)
    assert all(axis.scale.low - slack <= v <= axis.scale.high + slack for v in values)
    assert all(ENDS[1] - 0.01 <= axis(value) <= ENDS[0] + 0.01 for value in values)
    assert list(axis.ticks) == sorted(set(axis.ticks)) and 1 <= len(axis.ticks) <= 12
    assert all(axis.scale.low - slack <= tick <= axis.scale.high + slack for tick in axis.ticks)


@given(st.lists(POSITIVE, max_size=8))
def test_logarithmic_axes_hold_every_value_and_keep_their_order(values: list[float]) -> None:
    axis = value_axis(values, ENDS, log=True)
    pixels = [axis(value) for value in sorted(values)]
    assert pixels == sorted(pixels, reverse=True)
    assert all(
        10**axis.scale.low * 0.999 <= value <= 10**axis.scale.high * 1.001 for value in values
    )
    assert 1 <= len(axis.ticks) <= 9
    assert len(set(axis.labels)) == len(axis.labels)


def test_shares_end_at_a_round_share_and_include_zero() -> None:
    axis = value_axis([0.31, 0.55], ENDS)
    assert (axis.scale.low, axis.scale.high) == (0, 0.6)
    assert axis.labels == ("0", "0.2", "0.4", "0.6")
    assert value_axis([0.97], ENDS).scale.high == 1
    assert value_axis([0.002], ENDS).scale.high < 0.01


def test_negative_values_get_marks_on_both_sides_of_zero() -> None:
    axis = value_axis([-0.12, 0.3], ENDS)
    assert axis.ticks == (-0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
    assert axis.labels[0] == "−0.2" and "0" in axis.labels
    assert axis(0.3) < axis(0) < axis(-0.12)


def test_ends_that_were_asked_for_hold_unless_a_value_lies_outside() -> None:
    assert value_axis([0.5], ENDS, given=(0, 1)).scale.high == 1
    wider = value_axis([-0.4, 1.5], ENDS, given=(0, 1))
    assert (wider.scale.low, wider.scale.high) == (-0.4, 1.5)


def test_norms_over_six_decades_have_a_mark_per_decade() -> None:
    axis = value_axis([0.5, 700_000], ENDS, log=True)
    assert axis.labels == ("1", "10", "100", "1000", "10k", "100k", "1M")
    assert axis.ticks[0] == 1 and 10**axis.scale.low == pytest.approx(0.5)
    pixels = [axis(tick) for tick in axis.ticks]
    steps = [a - b for a, b in zip(pixels, pixels[1:], strict=False)]
    assert steps == pytest.approx([steps[0]] * 6) and steps[0] > 30


def test_values_without_a_logarithm_have_no_place() -> None:
    axis = value_axis([0, -3, 5], ENDS, log=True)
    assert axis.shows(5) and not axis.shows(0) and not axis.shows(-3)
    assert axis(0) == pytest.approx(axis.scale.start)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]),
        (3, 3, [3]),
        (0, 7e5, [0, 2e5, 4e5, 6e5]),
        (0, 3e-7, [0, 1e-7, 2e-7, 3e-7]),
    ],
)
def test_linear_marks(low: float, high: float, ticks: list[float]) -> None:
    assert linear_ticks(low, high) == pytest.approx(ticks)


def test_few_decades_have_marks_between_them() -> None:
    assert log_ticks(0.5, 8) == [0.5, 1, 2, 5]
    assert log_ticks(1, 10) == [1, 2, 5, 10]
    many = log_ticks(1e-30, 1e30)
    steps = {round(math.log10(b / a), 6) for a, b in zip(many, many[1:], strict=False)}
    assert len(steps) == 1 and len(many) <= 9


def test_labels_have_the_decimals_they_need_and_no_more() -> None:
    assert tick_labels([0, 0.25, 0.5]) == ["0", "0.25", "0.50"]
    assert tick_labels([0, 20000, 40000]) == ["0", "20k", "40k"]
    assert tick_labels([-2, 0, 2]) == ["−2", "0", "2"]
    assert tick_labels([0, 1e-6]) == ["0", "1e−06"]
