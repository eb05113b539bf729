from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.figures.draw import draw
from reports.figures.records import Figure, Line, Mark
from reports.templating import asset
from tests.reports.figures.made_up import (
    ODD,
    chart,
    dots,
    every_kind,
    heat,
    odd_figures,
    stack,
)
from tests.reports.figures.svgs import WIDTHS, drawn_tree, places, shown, tooltips

EMPTY: tuple[Figure, ...] = (
    chart(),
    chart(Line(name="latent", style="lens-0", marks=())),
    heat(columns=(), rows=(), values=()),
    heat(values=((None, None, None), (None, None, None))),
    stack(bars=(), groups=(), parts=()),
    dots(rows=()),
    dots(rows=(Line(name="latent", style="lens-0", marks=()),)),
)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("figure", every_kind(), ids=lambda figure: figure.kind)
def test_every_figure_is_an_image_with_a_name_a_description_and_a_tooltip_per_mark(
    figure: Figure, width: float
) -> None:
    root = drawn_tree(figure, width)
    assert root.get("role") == "img" and root.get("class") == "figure"
    assert root.get("viewBox", "").startswith(f"0 0 {width:g} ")
    named = {each.get("id"): each.text for each in root.iter() if each.get("id")}
    title, description = root.get("aria-labelledby", "").split()
    assert named[title] == figure.title
    assert figure.x_label in (named[description] or "")
    assert len(tooltips(root)) >= 3


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_any_text_gives_well_formed_markup_and_is_never_markup_itself(
    text: str, width: float
) -> None:
    for figure in odd_figures(text):
        root = drawn_tree(figure, width)
        assert not list(root.iter("script"))
        assert (root[0].text or "").replace("\ufffd", "") == re.sub(
            "[\ufffd\ufffe\x00\x0b]", "", text
        )


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("figure", EMPTY)
def test_empty_figures_say_so(figure: Figure, width: float) -> None:
    assert shown(drawn_tree(figure, width)) == ["nothing to show"]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_class_has_its_rule_and_every_pattern_is_there(width: float) -> None:
    sheet, styles = asset("figures.css"), asset("report.css")
    for figure in every_kind():
        root = drawn_tree(figure, width)
        used = {name for each in root.iter() for name in each.get("class", "").split()}
        used.discard("unscored")  # its bars have nothing but their pattern
        missing = {
            name
            for name in used
            if f".{name}" not in (styles if name.startswith(("lens-", "control-")) else sheet)
        }
        assert not missing
        ids = [each.get("id") for each in root.iter() if each.get("id")]
        assert len(ids) == len(set(ids))
        whole = draw(figure, "f-0", width)
        assert set(re.findall(r"url\(#([^)]+)\)", whole)) <= set(ids)
        assert not re.search(r"(href|src|@import|https?:)", whole)


def test_the_same_figure_is_drawn_the_same() -> None:
    for figure in every_kind():
        assert draw(figure, "f", 860) == draw(figure.model_copy(deep=True), "f", 860)


VALUE = st.floats(-1e12, 1e12)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 40), VALUE, st.floats(0, 1e6)), max_size=6),
    st.booleans(),
    st.booleans(),
    st.sampled_from(WIDTHS),
)
def test_any_values_stay_inside_the_figure(
    points: list[tuple[int, float, float]], log: bool, categorical: bool, width: float
) -> None:
    by_x = {x: Mark(x=x, y=y, low=y - half, high=y + half) for x, y, half in points}
    marks = tuple(by_x[x] for x in sorted(by_x))
    lines = (Line(name="latent", style="lens-0", marks=marks),)
    for figure in (chart(*lines, log=log, categorical=categorical), dots(rows=lines * 2)):
        root = drawn_tree(figure, width)
        height = float(root.get("viewBox", "").split()[3])
        assert all(-0.1 <= at <= max(width, height) + 0.1 for at in places(root))


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.none() | VALUE, min_size=4, max_size=4), min_size=1, max_size=4),
    st.booleans(),
    st.booleans(),
    st.sampled_from(WIDTHS),
)
def test_any_table_of_values_is_shaded(
    values: list[list[float | None]], diverging: bool, percent: bool, width: float
) -> None:
    figure = heat(
        columns=("a", "b", "c", "d"),
        rows=tuple(str(i) for i in range(len(values))),
        values=tuple(map(tuple, values)),
        diverging=diverging,
        percent=percent,
    )
    root = drawn_tree(figure, width)
    strengths = [float(e.get("fill-opacity", "0")) for e in root.iter("rect")]
    assert all(0 <= strength <= 1 for strength in strengths)
