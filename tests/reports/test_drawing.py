from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.drawing import Scale, ceiling, element, number, spread, text, ticks
from reports.svg import Point, Series, dot_plot, heat_map, line_chart

LATENT = Series("latent <b>&\"'", "lens-0", (Point(0, 0.2, 0.1, 0.3), Point(4, 0.6, 0.5, 0.7)))
LOGIT = Series("logit", "lens-1", (Point(0, 0.3, None, None), Point(4, 0.55, None, None)))
CONTROL = Series("random", "control-grey", (Point(0, 0.05, 0.0, 0.1), Point(4, 0.05, 0.0, 0.1)))


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


@given(st.lists(st.floats(0, 100), min_size=1, max_size=7))
def test_labels_keep_their_order_distance_and_place(wanted: list[float]) -> None:
    placed = spread(wanted, 15, 0, 100)
    assert all(-1e-6 <= at <= 100 + 1e-6 for at in placed)
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    for one, other in zip(order, order[1:], strict=False):
        assert placed[other] - placed[one] >= 15 - 1e-6


def test_labels_that_are_far_apart_stay_where_they_are() -> None:
    assert spread([80, 20], 15, 0, 100) == [80, 20]
    assert spread([], 15, 0, 100) == []


@pytest.mark.parametrize("width", [340.0, 860.0])
def test_a_line_chart_draws_each_estimate_where_it_belongs(width: float) -> None:
    root = parsed(line_chart("c", "Rates", [LATENT, LOGIT, CONTROL], width))
    assert root.get("role") == "img"
    assert [node.text for node in root[:2]][0] == "Rates"
    described = root[1].text or ""
    assert "layer 4 0.600 [0.500, 0.700]" in described
    assert "layer 0 0.300" in described
    lines = {node.get("class"): node.get("points", "") for node in root.iter("polyline")}
    assert set(lines) == {"line lens-0", "line lens-1", "line control-grey"}
    start, end = (tuple(map(float, pair.split(","))) for pair in lines["line lens-0"].split())
    assert start[0] < end[0]
    assert start[1] > end[1]  # a higher rate is drawn higher up
    assert [node.get("class") for node in root.iter("polygon")] == ["band lens-0"]
    labels = [node.text for node in root.iter("text") if "label" in (node.get("class") or "")]
    assert labels == ([LATENT.name, "logit", "random"] if width > 560 else [])
    for node in root.iter("circle"):
        assert 0 < float(node.get("cx", "0")) < width


@pytest.mark.parametrize("width", [340.0, 860.0])
def test_a_dot_plot_shows_estimate_interval_and_missing_lens(width: float) -> None:
    rows = [
        Series("latent", "lens-0", (Point(0, 0.7, 0.6, 0.8),)),
        Series("logit", "lens-1", ()),
        Series("random", "control-grey", (Point(0, 0.1, None, None),)),
    ]
    root = parsed(dot_plot("d", "Means", rows, width, split=2))
    texts = [node.text for node in root.iter("text")]
    assert "0.700 [0.600, 0.800]" in texts
    assert "not scored" in texts
    dots = [float(node.get("cx", "0")) for node in root.iter("circle")]
    assert dots[0] > dots[1]
    (whisker,) = [n for n in root.iter("line") if "whisker" in (n.get("class") or "")]
    assert float(whisker.get("x1", "0")) < dots[0] < float(whisker.get("x2", "0"))
    assert [n.get("class") for n in root.iter("line")].count("rule") == 1


def test_a_heat_map_is_darker_for_more_and_has_the_first_layer_at_the_bottom() -> None:
    root = parsed(heat_map("h", "Sources", ((0, 4), (1, 8)), ((0.25, 0.75), (1.0, 0.0)), 400))
    cells = {
        (node[0].text or "").partition(":")[0]: node for node in root.iter("rect") if len(node)
    }
    shade = {name: float(node.get("fill-opacity", "0")) for name, node in cells.items()}
    assert shade["visual layer 4, source layer 1"] == 1
    assert shade["visual layer 4, source layer 8"] == 0
    assert shade["visual layer 0, source layer 1"] < shade["visual layer 0, source layer 8"]
    height = {name: float(node.get("y", "0")) for name, node in cells.items()}
    assert height["visual layer 0, source layer 1"] > height["visual layer 4, source layer 1"]
    assert {"25", "75", "100", "0"} <= {node.text for node in root.iter("text")}


def test_figures_of_nothing_are_still_figures() -> None:
    for markup in (line_chart("a", "t", [], 860), dot_plot("b", "t", [], 860)):
        assert parsed(markup).tag == "svg"
    assert parsed(heat_map("c", "t", ((), ()), (), 340)).tag == "svg"
