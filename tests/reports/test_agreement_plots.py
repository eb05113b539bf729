from __future__ import annotations

from math import sqrt
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.agreement import Confusion, Estimate
from reports.agreement_plots import (
    CORRECTIONS,
    CorrectedRow,
    ForestRow,
    confusion_plot,
    corrected_key,
    corrected_plot,
    forest_plot,
)
from tests.reports.agreements import difference, undefined

WIDTHS = (340.0, 860.0)
PANELS = ("kappa", "sensitivity")
LATENT = ForestRow(
    "latent <b>&\"'", "lens-0", (difference(0.6, 0.5, 0.7), difference(0.9, 0.8, 0.95))
)
LOGIT = ForestRow("logit", "lens-1", (difference(0.3, 0.2, 0.4), undefined("no hit by people")))


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup)


def places(root: ElementTree.Element, tag: str, style: str, name: str) -> list[float]:
    """Return one coordinate of every element of a style class, in the order drawn."""
    return [
        float(node.get(name, "nan"))
        for node in root.iter(tag)
        if style in (node.get("class") or "").split()
    ]


def texts(root: ElementTree.Element) -> list[str]:
    return [node.text or "" for node in root.iter("text")]


def test_areas_are_in_proportion_and_squares_stand_in_their_cell() -> None:
    counts = Confusion(both=94, judge_only=23, people_only=32, neither=211)
    root = parsed(
        confusion_plot("c", "Judge", counts, difference(0.746, 0.66, 0.82), undefined("none"))
    )
    both, neither = places(root, "rect", "agree", "width")
    judge_only, people_only = places(root, "rect", "differ", "width")
    for side, count in ((both, 94), (judge_only, 23), (people_only, 32)):
        assert side / neither == pytest.approx(sqrt(count / 211), abs=0.002)
    cells = {
        (node[0].text or "").partition(":")[0]: node for node in root.iter("g") if len(node) > 2
    }
    x = {name: float(cell[1].get("x", "")) for name, cell in cells.items()}
    y = {name: float(cell[1].get("y", "")) for name, cell in cells.items()}
    # Columns are people's verdicts, rows the judge's; hits come first.
    assert x["hit for both"] == x["hit for people only"] < x["hit for the judge only"]
    assert y["hit for both"] == y["hit for the judge only"] < y["hit for people only"]
    assert x["miss for both"] == x["hit for the judge only"]
    assert {"94", "23", "32", "211", "0.746", "undefined"} <= set(texts(root))
    assert "specificity undefined: none" in (root[1].text or "")


@given(st.tuples(*[st.integers(0, 10**6)] * 4))
def test_squares_never_leave_their_cell(counts: tuple[int, int, int, int]) -> None:
    confusion = Confusion(
        both=counts[0], judge_only=counts[1], people_only=counts[2], neither=counts[3]
    )
    root = parsed(confusion_plot("c", "t", confusion, undefined("a"), undefined("a")))
    sides = places(root, "rect", "agree", "width") + places(root, "rect", "differ", "width")
    assert len(sides) == 4
    assert all(0 <= side <= 74 for side in sides)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_forest_draws_estimates_intervals_and_the_figure_of_all(width: float) -> None:
    overall = (difference(0.5, 0.4, 0.6), undefined("none"))
    root = parsed(forest_plot("f", "Lenses", PANELS, [LATENT, LOGIT], width, overall))
    dots = places(root, "circle", "dot", "cx")
    assert len(dots) == 3  # the undefined one is not drawn
    assert dots[0] > dots[1]
    lows = places(root, "line", "whisker", "x1")
    highs = places(root, "line", "whisker", "x2")
    assert all(a < dot < b for a, dot, b in zip(lows, dots, highs, strict=True))
    (line,) = places(root, "line", "reference", "x1")
    assert dots[1] < line < dots[0]
    assert "undefined" in texts(root)
    assert texts(root).count("logit") == (1 if width > 560 else 2)
    described = root[1].text or ""
    assert "sensitivity undefined: no hit by people" in described
    assert "kappa 0.600" in described
    assert all(0 < dot < width for dot in dots)


def test_panels_stand_side_by_side_or_below_each_other() -> None:
    wide, narrow = (
        parsed(forest_plot("f", "t", PANELS, [LATENT], width)) for width in WIDTHS[::-1]
    )
    names = [node for node in wide.iter("text") if node.text in PANELS]
    assert float(names[0].get("x", "")) < float(names[1].get("x", ""))
    assert names[0].get("y") == names[1].get("y")
    names = [node for node in narrow.iter("text") if node.text in PANELS]
    assert names[0].get("x") == names[1].get("x")
    assert float(names[0].get("y", "")) < float(names[1].get("y", ""))
    assert "0.600 [0.500,\u00a00.700]" in texts(narrow)


@given(st.floats(-1, 1), st.floats(-1, 1), st.sampled_from(WIDTHS))
def test_an_axis_holds_every_kappa(first: float, second: float, width: float) -> None:
    low, high = sorted((first, second))
    estimate = Estimate(estimate=high, interval=(low, high), n=1, method="m")
    root = parsed(forest_plot("f", "t", ("kappa",), [ForestRow("a", "lens-0", (estimate,))], width))
    grid = places(root, "line", "grid", "x1")
    inside = [*places(root, "circle", "dot", "cx"), *places(root, "line", "whisker", "x1")]
    assert all(min(grid) - 0.11 <= at <= max(grid) + 0.11 for at in inside)


@pytest.mark.parametrize("width", WIDTHS)
def test_corrected_rates_are_told_apart_by_form(width: float) -> None:
    rows = [
        CorrectedRow(
            "latent",
            "lens-0",
            (difference(0.7, 0.65, 0.75), difference(0.5, 0.3, 0.6), difference(0.6, 0.5, 0.7)),
        ),
        CorrectedRow(
            "<i>", "control-grey", (difference(0.1, 0.0, 0.2), undefined("few"), undefined("few"))
        ),
    ]
    root = parsed(corrected_plot("r", "Rates", rows, width))
    raw = places(root, "circle", "dot", "cx")
    (box,) = places(root, "rect", "dot", "x")
    assert len(raw) == 2
    assert raw[1] < box < raw[0]
    (diamond,) = root.iter("polygon")
    corners = [tuple(map(float, pair.split(","))) for pair in diamond.get("points", "").split()]
    assert corners[1][0] < box  # 0.5 is left of 0.6
    assert len(places(root, "line", "whisker", "x1")) == 4
    hollow = [node.tag for node in root.iter() if "hollow" in (node.get("class") or "")]
    assert hollow == ["polygon", "rect"]
    assert texts(root).count("refused") == 2
    assert "<i>: as judged 0.100" in (root[1].text or "")
    assert "prediction-powered undefined: few" in (root[1].text or "")


def test_there_is_a_key_for_every_form() -> None:
    marks = [parsed(mark)[0].tag for mark in corrected_key()]
    assert marks == ["circle", "polygon", "rect"]
    assert len(CORRECTIONS) == 3


def test_long_names_are_cut_and_kept_whole_in_the_tooltip() -> None:
    name = "a-lens-with-a-name-that-is-longer-than-any"
    row = ForestRow(name, "lens-0", LATENT.figures)
    root = parsed(forest_plot("f", "t", PANELS, [row], 860.0))
    assert name not in texts(root)
    assert any(each.endswith("…") and name.startswith(each[:-1]) for each in texts(root) if each)
    assert name in [node.text for node in root.iter("title")]


def test_figures_of_nothing_are_still_figures() -> None:
    for width in WIDTHS:
        assert parsed(forest_plot("f", "t", PANELS, [], width)).tag == "svg"
        assert parsed(corrected_plot("r", "t", [], width)).tag == "svg"
