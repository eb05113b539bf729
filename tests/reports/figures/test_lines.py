from __future__ import annotations

import pytest

from reports.figures.labels import text_width
from reports.figures.records import Line, Mark
from tests.reports.figures.made_up import chart, layers, line
from tests.reports.figures.svgs import WIDTHS, drawn_tree, having, number, shown, tooltips


def _points(element: object) -> list[tuple[float, float]]:
    text = getattr(element, "get")("points")  # noqa: B009 - an element of any tree
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


def test_curves_go_through_their_estimates() -> None:
    root = drawn_tree(chart(line("latent", "lens-0", {0: 0.0, 4: 0.2, 8: 0.4})))
    (curve,) = having(root, "line", "lens-0", tag="polyline")
    (x0, y0), (x1, y1), (x2, y2) = _points(curve)
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2) and y1 < y0
    assert "latent, visual layer 4: 0.200 [0.170, 0.230]" in tooltips(root)


def test_lenses_have_bands_and_controls_and_published_curves_have_none() -> None:
    root = drawn_tree(layers())
    assert len(having(root, "band")) == 2
    assert not having(root, "band", "control-0") and not having(root, "band", "published")
    assert having(root, "line", "control-0", "control", tag="polyline")
    assert having(root, "line", "published", "lens-0", tag="polyline")


def test_published_curves_lie_behind_controls_and_these_behind_lenses() -> None:
    root = drawn_tree(layers())
    order = [each.get("class", "") for each in having(root, "line", tag="polyline")]
    assert [style.split()[1] for style in order] == ["published", "control-0", "lens-1", "lens-0"]


def test_hatched_layers_are_one_field_with_its_meaning() -> None:
    root = drawn_tree(layers())
    field, sample = having(root, "same")
    at = {each.text: number(each, "x") for each in having(root, "tick", tag="text")}
    left, right = number(field, "x"), number(field, "x") + number(field, "width")
    assert left < at["0"] < at["1"] < right < at["2"]
    assert number(sample, "width") < 30
    assert "hatched: nearly the same vector as layer 0" in shown(root)
    assert not having(drawn_tree(chart(*layers().lines)), "same")


def test_a_hatched_layer_without_a_figure_has_its_place() -> None:
    root = drawn_tree(chart(line("latent", "lens-0", {0: 0.5, 2: 0.5}), shaded=(1,)))
    assert {"0", "1", "2"} <= {each.text for each in having(root, "tick")}
    assert len(having(root, "same")) == 2


def test_hatched_layers_that_are_not_neighbours_are_two_fields() -> None:
    root = drawn_tree(layers().model_copy(update={"shaded": (0, 2)}))
    assert len(having(root, "same")) == 3


def test_a_curve_is_broken_where_it_misses_a_layer_that_others_have() -> None:
    whole = line("logit", "lens-1", dict.fromkeys(range(8), 0.3))
    broken = line("latent", "lens-0", dict.fromkeys((0, 1, 3, 4, 5, 6, 7), 0.5))
    root = drawn_tree(chart(broken, whole))
    parts = [_points(each) for each in having(root, "line", "lens-0", tag="polyline")]
    assert [len(part) for part in parts] == [2, 5]
    assert len(having(root, "mark", "lens-0", tag="circle")) == 8  # and one at the name


def test_a_coarse_curve_and_one_between_published_layers_are_drawn_through() -> None:
    whole = line("logit", "lens-1", dict.fromkeys(range(9), 0.3))
    coarse = line("latent", "lens-0", dict.fromkeys((0, 4, 8), 0.5))
    assert len(having(drawn_tree(chart(whole, coarse)), "line", "lens-0", tag="polyline")) == 1
    paper = line("latent (paper)", "published lens-0", {1: 0.5, 3: 0.6}, None)
    even = line("latent", "lens-0", dict.fromkeys((0, 2, 4), 0.5))
    assert len(having(drawn_tree(chart(even, paper)), "line", "lens-0", tag="polyline")) == 2


def test_a_layer_alone_has_its_interval_as_a_whisker() -> None:
    root = drawn_tree(chart(line("latent", "lens-0", {3: 0.5})))
    assert len(having(root, "whisker", "lens-0")) == 1 and not having(root, "band")


def test_numeric_axes_are_to_scale() -> None:
    even = line("latent", "lens-0", {0: 0.1, 1: 0.1, 10: 0.1})
    (curve,) = having(drawn_tree(chart(even, categorical=False)), "line", tag="polyline")
    xs = [x for x, _ in _points(curve)]
    assert (xs[1] - xs[0]) * 9 == pytest.approx(xs[2] - xs[1], abs=1)


def test_what_a_logarithmic_axis_cannot_show_is_counted_below() -> None:
    norms = line("visual", "lens-0", {0: 0.0, 1: 0.5, 2: 700_000.0})
    root = drawn_tree(chart(norms, log=True))
    assert "not on a logarithmic axis: values of 0 or less (1)" in shown(root)
    (curve,) = having(root, "line", "lens-0", tag="polyline")
    assert len(_points(curve)) == 2
    assert not any("logarithmic" in each for each in shown(drawn_tree(chart(norms))))


def test_names_at_the_ends_do_not_overlap_and_are_tied_to_their_curves() -> None:
    lines = [line(f"lens {i}", f"lens-{i % 6}", {0: 0.5, 1: 0.5}) for i in range(30)]
    root = drawn_tree(chart(*lines))
    heights = sorted(number(each, "y") for each in having(root, "label", tag="text"))
    gaps = [b - a for a, b in zip(heights, heights[1:], strict=False)]
    assert len(heights) == 30 and min(gaps) >= 13
    assert heights[-1] <= float(root.get("viewBox", "").split()[3])
    assert len(having(root, "tie")) == 30


def test_phones_get_a_list_of_names_below() -> None:
    root = drawn_tree(layers(), 340)
    names = having(root, "name", tag="text")
    assert [each.text for each in names] == [each.name for each in layers().lines]
    lowest = max(number(each, "y") for each in having(root, "tick", tag="text"))
    assert all(number(each, "y") > lowest for each in names)
    assert not having(root, "label")


@pytest.mark.parametrize("width", WIDTHS)
def test_long_names_are_cut_in_the_figure_and_whole_in_a_tooltip(width: float) -> None:
    name = "a-very-long-name-of-a-lens-" * 8
    root = drawn_tree(chart(line(name, "lens-0", {0: 0.5})), width)
    cut = [each for each in shown(root) if "…" in each]
    assert len(cut) == 1 and name.startswith(cut[0].partition("…")[0])
    assert text_width(cut[0]) < width and name in tooltips(root)


def test_lines_of_one_colour_differ_by_their_marks() -> None:
    lines = [line(f"lens {i}", f"lens-{i % 6}", {0: 0.1 * i, 1: 0.1 * i}) for i in range(8)]
    root = drawn_tree(chart(*lines))
    circles = having(root, "mark", "lens-0", tag="circle")
    others = having(root, "mark", "lens-0", tag="polygon")
    assert len(circles) == len(others) == 3


def test_notes_are_shown_on_hover() -> None:
    marks = (Mark(x=0, y=0.5, note="3 patches unscored"),)
    root = drawn_tree(chart(Line(name="latent", style="lens-0", marks=marks)))
    assert "latent, visual layer 0: 0.500 (3 patches unscored)" in tooltips(root)


def test_intervals_beyond_the_axis_are_cut_at_its_end() -> None:
    one = line("latent", "lens-0", {0: 0.5, 1: 0.5}, 2.0)
    root = drawn_tree(chart(one, y_range=(0.0, 1.0)))
    (band,) = having(root, "band")
    ticks = [each for each in having(root, "tick") if each.get("text-anchor") == "end"]
    labels = {each.text: number(each, "y") - 4 for each in ticks}
    heights = [y for _, y in _points(band)]
    assert min(heights) == pytest.approx(labels["1.0"], abs=0.2)
    assert max(heights) == pytest.approx(labels["0"], abs=0.2)
