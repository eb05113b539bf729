from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.kappa import cohen_kappa

CLASSES = ("concrete", "abstract", "global", "none")
pairs = st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), max_size=30)


def test_a_worked_example() -> None:
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: 0.7 observed, 0.5 expected."""
    table = {("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}
    rated = [pair for pair, count in table.items() for _ in range(count)]
    found = cohen_kappa([a for a, _ in rated], [b for _, b in rated])
    assert found.value == pytest.approx(0.4)
    assert str(found) == "kappa 0.400"


@given(pairs)
def test_it_is_the_definition_and_never_nan(rated: list[tuple[str, str]]) -> None:
    first, second = [a for a, _ in rated], [b for _, b in rated]
    found = cohen_kappa(first, second)
    assert (found.value is None) == bool(found.reason)
    n = len(rated)
    expected = sum(first.count(each) * second.count(each) for each in CLASSES)
    if n == 0 or expected == n * n:
        assert found.value is None
        return
    observed = sum(a == b for a, b in rated) / n
    chance = expected / n**2
    assert found.value is not None
    assert math.isclose(found.value, (observed - chance) / (1 - chance), abs_tol=1e-9)


def test_undefined_ones_say_why() -> None:
    assert str(cohen_kappa([], [])) == "no kappa: nothing was rated by both"
    assert cohen_kappa(["hit"] * 3, ["hit"] * 3).reason == "both said hit every time"
    assert cohen_kappa(["hit"] * 3, ["hit", "miss", "hit"]).value == 0
