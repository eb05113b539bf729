from __future__ import annotations

import pytest

from reports.figures.records import HeatMap
from tests.reports.figures.made_up import heat
from tests.reports.figures.svgs import WIDTHS, drawn_tree, having, number, shown, tooltips


def _strength(root: object, tip: str) -> tuple[str, float]:
    for each in having(root, tag="rect"):  # type: ignore[arg-type]
        title = each.find("title")
        if title is not None and title.text == tip:
            return each.get("class", ""), float(each.get("fill-opacity", "-1"))
    raise AssertionError(tip)


@pytest.mark.parametrize("width", WIDTHS)
def test_shades_grow_with_the_value_up_to_a_round_end(width: float) -> None:
    root = drawn_tree(heat(), width)
    assert _strength(root, "4, 8: 0.400") == ("heat", 1.0)
    assert _strength(root, "0, 0: 0.100") == ("heat", 0.25)
    assert _strength(root, "4, 0: 0.000") == ("heat", 0)
    assert {"0 %", "40 %"} <= set(shown(root))


def test_cells_hold_per_cent_and_a_dash_where_there_is_no_value() -> None:
    root = drawn_tree(heat())
    assert [each.text for each in having(root, "inside")] == ["10", "35", "–", "0", "25", "40"]
    assert "0, 8: none" in tooltips(root)
    assert _strength(root, "0, 8: none")[0] == "frame"


def test_the_first_row_is_at_the_bottom() -> None:
    root = drawn_tree(heat())
    cells = having(root, "inside")
    assert number(cells[0], "y") > number(cells[3], "y")


def test_diverging_maps_have_two_colours_that_meet_at_zero() -> None:
    figure = heat(values=((-0.4, 0.2, None), (0.0, 0.4, -0.1)), diverging=True, percent=False)
    root = drawn_tree(figure)
    assert _strength(root, "0, 0: −0.400") == ("heat-low", 1.0)
    assert _strength(root, "4, 2: 0.400") == ("heat", 1.0)
    assert _strength(root, "4, 8: −0.100") == ("heat-low", 0.25)
    assert _strength(root, "4, 0: 0.000")[1] == 0
    assert {"−0.4", "0", "0.4", "−0.40", "+0.20"} <= set(shown(root))


def _large(columns: int) -> HeatMap:
    return heat(
        columns=tuple(str(i) for i in range(columns)),
        rows=("0",),
        values=(tuple(0.5 for _ in range(columns)),),
    )


def test_figures_are_left_out_of_all_cells_if_they_do_not_fit_into_one() -> None:
    assert len(having(drawn_tree(_large(30), 860), "inside")) == 30
    assert not having(drawn_tree(_large(30), 340), "inside")
    assert len([tip for tip in tooltips(drawn_tree(_large(30), 340)) if "0.500" in tip]) == 30


def test_column_names_of_narrow_cells_do_not_run_into_each_other() -> None:
    root = drawn_tree(_large(60), 340)
    at = [number(each, "x") for each in having(root, "tick") if each.get("transform")]
    assert len(at) >= 10
    assert all(b - a >= 12 for a, b in zip(at, at[1:], strict=False))


def test_long_row_names_leave_room_for_the_cells() -> None:
    name = "shuffled-patch:" + "lens-" * 40
    root = drawn_tree(heat(rows=(name, "b")), 340)
    assert name in tooltips(root)
    cells = [each for each in having(root, "heat") if each.find("title") is not None]
    assert all(number(each, "width") > 50 for each in cells)


def test_equal_values_and_zeros_are_drawn() -> None:
    for value in (0.0, 0.3, 1.0, -2.0, 700_000.0):
        figure = heat(values=((value,) * 3, (value,) * 3), percent=False)
        assert len(having(drawn_tree(figure), "inside")) == 6
