from __future__ import annotations

from reports.figures.marks import classes, is_control, is_published, marker, shapes


def test_lenses_have_six_shapes_and_matched_controls_that_of_their_lens() -> None:
    styles = [f"lens-{i}" for i in range(6)]
    assert shapes(styles) == [0, 1, 2, 3, 4, 5]
    assert shapes(["lens-2", "control-2", "published lens-2"]) == [2, 2, 2]


def test_no_two_of_twelve_lenses_share_both_colour_and_shape() -> None:
    styles = [f"lens-{i % 6}" for i in range(18)] + ["control-grey"] * 3
    looks = list(zip(styles, shapes(styles), strict=True))
    assert len(set(looks)) == len(looks)


def test_shapes_look_different() -> None:
    drawn = {marker(shape, (10, 10), 4, "mark") for shape in range(6)}
    assert len(drawn) == 6


def test_controls_and_published_curves_are_told_by_their_class() -> None:
    assert classes("line", "control-3") == "line control-3 control"
    assert classes("line", "published lens-1") == "line published lens-1"
    assert is_control("control-grey") and not is_control("lens-0")
    assert is_published("published lens-0") and not is_published("lens-0")
