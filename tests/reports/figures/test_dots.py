from __future__ import annotations

import pytest

from reports.figures.records import Line
from tests.reports.figures.made_up import dots, line, mark
from tests.reports.figures.svgs import WIDTHS, drawn_tree, having, number, shown, tooltips


@pytest.mark.parametrize("width", WIDTHS)
def test_estimates_and_intervals_are_to_scale(width: float) -> None:
    root = drawn_tree(dots(), width)
    at = {each.text: number(each, "x") for each in having(root, "tick")}
    high = max(float(text) for text in at if text)
    scale = (max(at.values()) - at["0"]) / high
    latent = having(root, "dot", "lens-0")[0]
    assert number(latent, "cx") - at["0"] == pytest.approx(0.55 * scale, abs=0.5)
    whisker = having(root, "whisker", "lens-0")[0]
    assert number(whisker, "x2") - number(whisker, "x1") == pytest.approx(0.06 * scale, abs=0.5)


@pytest.mark.parametrize("width", WIDTHS)
def test_second_marks_are_hollow_and_below_and_controls_set_apart(width: float) -> None:
    root = drawn_tree(dots(), width)
    first, second = having(root, "dot", "lens-0")
    assert "hollow" not in first.get("class", "") and "hollow" in second.get("class", "")
    assert number(second, "cy") > number(first, "cy")
    (rule,) = having(root, "rule")
    assert number(having(root, "dot", "lens-1")[0], "cy") < number(rule, "y1")
    assert "not scored" in shown(root)
    assert not having(drawn_tree(dots(split=None), width), "rule")


def test_figures_stand_beside_their_rows() -> None:
    texts = shown(drawn_tree(dots()))
    assert {"0.550 [0.520, 0.580]", "0.680 published", "0.310 [0.280, 0.340]"} <= set(texts)
    assert "0.550 · 0.680" in shown(drawn_tree(dots(), 340))
    assert "latent: 0.680 (published)" in tooltips(drawn_tree(dots()))


def test_differences_have_a_line_at_zero_with_marks_on_both_sides() -> None:
    rows = (
        Line(name="latent", style="lens-0", marks=(mark(0, -0.2),)),
        Line(name="logit", style="lens-1", marks=(mark(0, 0.3),)),
    )
    root = drawn_tree(dots(rows=rows, split=None))
    (zero,) = having(root, "zero")
    left, right = having(root, "dot")
    assert number(left, "cx") < number(zero, "x1") < number(right, "cx")


def test_a_wished_range_is_kept() -> None:
    root = drawn_tree(dots(x_range=(0.0, 1.0)))
    assert "1.0" in [each.text for each in having(root, "tick")]


def test_long_names_are_cut() -> None:
    name = "a-very-long-name-of-a-lens-" * 8
    for width in WIDTHS:
        root = drawn_tree(dots(rows=(line(name, "lens-0", {0: 0.5}),), split=None), width)
        label = having(root, "label")[0]
        assert "…" in (label.text or "") and name in tooltips(root)
