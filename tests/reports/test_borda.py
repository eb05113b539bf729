from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.borda import borda

boards = st.integers(1, 4).flatmap(
    lambda layers: st.dictionaries(
        st.sampled_from("abcdef"),
        st.lists(st.sampled_from([0.1, 0.2, 0.3]), min_size=layers, max_size=layers),
        min_size=1,
    )
)


def test_places_count_and_distances_do_not() -> None:
    found = borda({"a": [0.9, 0.4, 0.4], "b": [0.1, 0.5, 0.5], "c": [0.0, 0.3, 0.6]})
    assert found == pytest.approx({"a": 1.0, "b": 4 / 3, "c": 2 / 3})
    assert borda({"a": [0.9], "b": [0.5], "c": [0.1]}) == {"a": 2.0, "b": 1.0, "c": 0.0}


def test_equal_lenses_share_their_points() -> None:
    assert borda({"a": [0.5], "b": [0.5], "c": [0.1]}) == {"a": 1.5, "b": 1.5, "c": 0.0}
    assert borda({"a": [0.1 + 0.2], "b": [0.3]}) == {"a": 0.5, "b": 0.5}


def test_only_layers_with_every_lens_count() -> None:
    assert borda({"a": [0.9, 0.0, None], "b": [0.1, None, 0.9]}) == {"a": 1.0, "b": 0.0}
    assert borda({"a": [0.9, None], "b": [None, 0.1]}) == {}
    assert borda({"a": [0.3, 0.4]}) == {"a": 0.0}
    assert borda({}) == {}


def test_lenses_with_different_layers_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        borda({"a": [0.9, 0.1], "b": [0.1]})


@given(boards)
def test_points_add_up_and_follow_dominance(estimates: dict[str, list[float]]) -> None:
    points = borda(estimates)
    lenses = len(estimates)
    assert sum(points.values()) == pytest.approx(lenses * (lenses - 1) / 2)
    for lens, rates in estimates.items():
        for other, others in estimates.items():
            if all(x >= y for x, y in zip(rates, others, strict=True)):
                assert points[lens] >= points[other]
