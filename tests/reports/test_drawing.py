from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.drawing import Scale, ceiling, element, number, text, ticks


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup)


def test_a_scale_maps_ends_to_ends() -> None:
    scale = Scale(0, 10, 100, 0)
    assert (scale(0), scale(5), scale(10)) == (100, 50, 0)
    assert Scale(3, 3, 0, 10)(3) == 5


def test_content_and_attributes_are_escaped() -> None:
    node = parsed(text("<i>&", 1, 2, data_x='"<'))
    assert (node.text, node.get("data-x")) == ("<i>&", '"<')
    assert element("a", class_="x") == '<a class="x"/>'


@pytest.mark.parametrize(
    ("value", "shown"), [(0.04, "0"), (-0.04, "0"), (12.0, "12"), (3.14159, "3.1"), (-2.5, "-2.5")]
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert number(value) == shown


@given(st.floats(0, 1))
def test_the_axis_holds_the_highest_rate(value: float) -> None:
    assert value <= ceiling(value) <= 1
    assert ticks(ceiling(value))[-1] <= ceiling(value)


def test_ticks_are_round() -> None:
    assert ticks(1.0) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(0.4) == [0, 0.1, 0.2, 0.3, 0.4]
