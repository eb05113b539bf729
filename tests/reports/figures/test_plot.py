from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.figures.plot import apart


@given(st.lists(st.floats(0, 400), max_size=30), st.floats(1, 30))
def test_names_keep_their_order_their_distance_and_the_ends(
    wanted: list[float], gap: float
) -> None:
    low, high = 20.0, 380.0
    placed = apart(wanted, gap, low, high)
    fair = min(gap, (high - low) / max(len(wanted) - 1, 1))
    assert all(low - 1e-6 <= at <= high + 1e-6 for at in placed)
    by_wish = sorted(range(len(wanted)), key=lambda index: wanted[index])
    ordered = [placed[index] for index in by_wish]
    assert all(b - a >= fair - 1e-6 for a, b in zip(ordered, ordered[1:], strict=False))


def test_names_that_do_not_meet_stay_where_they_are() -> None:
    assert apart([50, 100, 20], 15, 0, 200) == [50, 100, 20]


def test_names_that_meet_move_apart_evenly() -> None:
    assert apart([100, 100], 16, 0, 200) == [92, 108]
    assert apart([100, 100, 100], 10, 0, 200) == pytest.approx([90, 100, 110])
    assert apart([0, 0], 16, 0, 200) == [0, 16]


def test_no_names() -> None:
    assert apart([], 16, 0, 200) == []
