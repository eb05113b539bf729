from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.rng import keyed_rng

PARTS = st.lists(st.text(max_size=5) | st.integers(), min_size=1, max_size=4)


def draws(*parts: str | int) -> list[int]:
    return [int(value) for value in keyed_rng(*parts).integers(0, 2**63, size=4)]


def test_draws_are_those_of_every_platform_and_version() -> None:
    assert draws("patches", "abc", 42) == [
        8946329630607636094,
        8476200453265995547,
        2207047711877493802,
        2099517686663400019,
    ]
    assert keyed_rng("x").random(2).tolist() == [0.9068211643032723, 0.5088933561542166]


@given(first=PARTS, second=PARTS)
def test_equal_parts_and_only_they_give_equal_draws(
    first: list[str | int], second: list[str | int]
) -> None:
    assert draws(*first) == draws(*first)
    assert (draws(*first) == draws(*second)) == (first == second)


@pytest.mark.parametrize(
    ("left", "right"), [((1,), ("1",)), (("a", "b"), ("ab",)), (("a", "b"), ("b", "a"))]
)
def test_parts_are_not_glued_together(
    left: tuple[str | int, ...], right: tuple[str | int, ...]
) -> None:
    assert draws(*left) != draws(*right)


def test_other_generators_do_not_disturb_it() -> None:
    expected = draws("a")
    np.random.seed(0)
    keyed_rng("b").random(100)
    assert draws("a") == expected


def test_no_parts_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one part"):
        keyed_rng()
