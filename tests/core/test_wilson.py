from __future__ import annotations

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from harness.core.wilson import score_interval


@given(st.integers(1, 400), st.data(), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_is_that_of_statsmodels(n: int, data: st.DataObject, content: float) -> None:
    hits = data.draw(st.integers(0, n))
    expected = proportion_confint(hits, n, alpha=1 - content, method="wilson")
    assert score_interval(hits / n, n, content) == pytest.approx(expected, abs=1e-12)


@given(st.floats(0.05, 0.95), st.floats(2, 500))
def test_its_ends_are_where_the_normal_test_begins_to_reject(share: float, n: float) -> None:
    z = NormalDist().inv_cdf(0.975)
    for end in score_interval(share, n):
        assert abs(share - end) == pytest.approx(z * (end * (1 - end) / n) ** 0.5)


def test_it_ends_exactly_at_zero_and_one() -> None:
    assert score_interval(0.0, 7)[0] == 0.0
    assert score_interval(1.0, 7)[1] == 1.0
