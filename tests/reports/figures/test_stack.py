from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from reports.figures.records import StackedBars, StackPart
from tests.reports.figures.made_up import stack
from tests.reports.figures.svgs import WIDTHS, drawn_tree, having, number, shown, tooltips


def _bars(root: Element, style: str) -> list[Element]:
    return [each for each in having(root, "part", style) if each.find("title") is not None]


@pytest.mark.parametrize("width", WIDTHS)
def test_heights_are_shares_and_parts_stand_on_each_other(width: float) -> None:
    root = drawn_tree(stack(), width)
    first, second, third = _bars(root, "concrete")
    heights = [number(each, "height") for each in (first, second, third)]
    assert heights[0] / heights[1] == pytest.approx(0.5 / 0.4, rel=0.02)
    assert heights[0] / heights[2] == pytest.approx(5, rel=0.02)
    above = _bars(root, "abstract")[0]
    assert number(above, "y") + number(above, "height") == pytest.approx(
        number(first, "y"), abs=0.2
    )
    assert number(above, "x") == number(first, "x")
    third_part = _bars(root, "global")[0]
    assert number(third_part, "y") + number(third_part, "height") == pytest.approx(
        number(above, "y"), abs=0.2
    )
    assert "latent, 0: concrete 0.500" in tooltips(root)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_group_has_its_heading_and_missing_bars_a_dash(width: float) -> None:
    root = drawn_tree(stack(), width)
    assert [each.text for each in having(root, "heading")] == ["latent", "logit"]
    assert shown(root).count("–") == 1 and "logit, 4: none" in tooltips(root)


def test_relations_differ_by_pattern_as_well_as_by_colour() -> None:
    root = drawn_tree(stack())
    fills = {
        name: _bars(root, name)[0].get("fill")
        for name in ("concrete", "abstract", "global", "none", "unscored")
    }
    assert fills["concrete"] is None and fills["none"] is None
    patterned = [fills[name] for name in ("abstract", "global", "unscored")]
    assert len(set(patterned)) == 3 and None not in patterned
    known = {f"url(#{each.get('id')})" for each in root.iter("pattern")}
    assert set(patterned) == known


def test_the_legend_names_every_part() -> None:
    names = [each.text for each in having(drawn_tree(stack()), "name")]
    assert names == ["concrete", "abstract", "global", "none", "unscored"]


def _named(*bars: str) -> StackedBars:
    return stack(
        bars=bars,
        groups=(),
        parts=(StackPart(name="nouns", style="lens-0", values=(0.4,) * len(bars)),),
    )


def test_bars_with_long_names_lie_in_rows() -> None:
    long = _named("shuffled-patch:latent", "shuffled-patch:embedding", "random-reference")
    bars = _bars(drawn_tree(long, 340), "lens-0")
    assert all(number(each, "width") > number(each, "height") for each in bars)
    assert len({number(each, "y") for each in bars}) == 3
    upright = _bars(drawn_tree(_named("0", "1", "2"), 340), "lens-0")
    assert all(number(each, "width") < number(each, "height") for each in upright)


def test_every_long_name_is_shown() -> None:
    names = [f"a lens of number {i}" for i in range(9)]
    for width in WIDTHS:
        assert set(names) <= set(shown(drawn_tree(_named(*names), width)))


def test_shares_beyond_one_stay_in_the_bar() -> None:
    parts = tuple(StackPart(name=f"p{i}", style=f"lens-{i}", values=(0.7,)) for i in range(2))
    root = drawn_tree(stack(bars=("0",), groups=(), parts=parts))
    low, high = _bars(root, "lens-0")[0], _bars(root, "lens-1")[0]
    assert number(high, "height") / number(low, "height") == pytest.approx(3 / 7, rel=0.02)
