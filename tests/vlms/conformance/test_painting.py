"""Which cells are painted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.vlms.conformance.painting import image_cells, spread
from harness.vlms.geometry import Geometry


def test_cells_of_padding_are_left_out() -> None:
    view = Geometry.pad((80, 40), (64, 64), (4, 4))
    assert image_cells(view) == [(row, col) for row in (1, 2) for col in range(4)]


def test_a_sliver_of_image_is_not_painted() -> None:
    sliver = Geometry.pad((64, 38), (64, 64), (4, 4))
    assert len(image_cells(sliver)) == 8
    assert len(image_cells(Geometry.pad((64, 42), (64, 64), (4, 4)))) == 16


@given(rows=st.integers(1, 20), cols=st.integers(1, 20), count=st.integers(4, 40))
def test_a_spread_has_the_corners_and_no_cell_twice(rows: int, cols: int, count: int) -> None:
    view = Geometry.squash((300, 200), (140, 140), (rows, cols))
    cells = image_cells(view)
    chosen = spread(cells, view, count)
    assert len(cells) == rows * cols
    assert len(chosen) == len(set(chosen)) == min(count, rows * cols)
    assert set(chosen) >= {(row, col) for row in (0, rows - 1) for col in (0, cols - 1)}
    assert chosen == spread(cells, view, count)


def test_a_spread_reaches_all_over_the_grid() -> None:
    view = Geometry.squash((300, 200), (140, 140), (24, 24))
    chosen = spread(image_cells(view), view, 40)
    assert len({row for row, _ in chosen}) > 12
    assert len({col for _, col in chosen}) > 12
    assert spread(image_cells(view), view, None) == image_cells(view)
