from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from reports.holm import holm

p_lists = st.lists(st.floats(0, 1), max_size=12)


def test_the_steps_of_an_example_by_hand() -> None:
    # In order: 4 x .005, 3 x .01 = .03, 2 x .03 = .06, 1 x .04 raised to .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()
    assert holm([0.2]) == (0.2,)
    assert holm([0.6, 0.7]) == (1.0, 1.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_it_is_the_closed_test_with_bonferroni(p_values: list[float]) -> None:
    """A hypothesis falls if every set of hypotheses with it in it falls (Marcus et al. 1976)."""
    tests = range(len(p_values))
    sets = [each for size in tests for each in combinations(tests, size + 1)]
    expected = [
        max(min(1.0, len(each) * min(p_values[i] for i in each)) for each in sets if test in each)
        for test in tests
    ]
    assert holm(p_values) == pytest.approx(expected)


@given(p_lists.flatmap(lambda values: st.tuples(st.just(values), st.permutations(values))))
def test_the_order_of_the_tests_does_not_matter(lists: tuple[list[float], list[float]]) -> None:
    one, other = lists
    assert dict(zip(one, holm(one), strict=True)) == dict(zip(other, holm(other), strict=True))
    assert all(p <= q <= 1 for p, q in zip(one, holm(one), strict=True))


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(value: float) -> None:
    with pytest.raises(UsageError, match="p-value"):
        holm([0.1, value])
