from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.wilson import score_interval
from reports.independent import Rate, independent_difference
from reports.stats import newcombe


def wilson_rate(hits: int, n: int) -> Rate:
    low, high = score_interval(hits / n, n)
    return Rate(estimate=hits / n, low=low, high=high)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_examples_of_newcombe_1998(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    found = independent_difference(wilson_rate(*first), wilson_rate(*second))
    assert found.low == pytest.approx(low, abs=6e-5)
    assert found.high == pytest.approx(high, abs=6e-5)


COUNTS = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(first=COUNTS, second=COUNTS)
def test_it_is_newcombes_interval_and_agrees_with_its_own_p_value(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    found = independent_difference(wilson_rate(*first), wilson_rate(*second))
    assert found.low is not None
    assert found.high is not None
    assert found.p_value is not None
    assert (found.low, found.high) == pytest.approx(newcombe(*first, *second))
    assert 0 <= found.p_value <= 1
    if abs(found.p_value - 0.05) > 1e-9:
        assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)
    turned = independent_difference(wilson_rate(*second), wilson_rate(*first))
    assert turned.low == pytest.approx(-found.high)
    assert turned.p_value == pytest.approx(found.p_value)


def test_rates_without_a_width_give_no_certainty() -> None:
    sure = Rate(estimate=0.5, low=0.5, high=0.5)
    found = independent_difference(sure, Rate(estimate=0.4, low=0.4, high=0.4))
    assert (found.low, found.high, found.p_value) == (None, None, None)
    assert found.difference == pytest.approx(0.1)
