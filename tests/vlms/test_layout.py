"""Which token belongs to which cell, tile by tile or with separators, and what is left over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.core.errors import UsageError
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from tests.vlms.shapes import cells

small = st.integers(1, 5)


def _grid(rows: int, cols: int, **order: object) -> Geometry:
    plain = Geometry.squash((90, 60), (cols * 4, rows * 4), (rows, cols))
    return Geometry.model_validate(plain.model_dump() | order)


@given(small, small, small, small, st.integers(0, 9))
def test_tiles_come_one_after_another(
    down: int, across: int, tile_rows: int, tile_cols: int, first: int
) -> None:
    """The oracle numbers cells by walking tile by tile, row by row."""
    tile = (tile_rows, tile_cols)
    geometry = _grid(down * tile_rows, across * tile_cols, tile=tile, first_token=first)
    walk = [
        (i * tile_rows + row, j * tile_cols + col)
        for i in range(down)
        for j in range(across)
        for row in range(tile_rows)
        for col in range(tile_cols)
    ]
    assert [geometry.token_index(*cell) for cell in walk] == list(range(first, first + len(walk)))
    assert [geometry.cell_of_token(first + n) for n in range(len(walk))] == walk
    assert sorted(geometry.token_indices()) == list(range(first, first + len(walk)))


@given(small, small, st.integers(1, 3), st.integers(0, 9))
def test_separators_behind_rows_are_no_cells(rows: int, cols: int, extra: int, first: int) -> None:
    """They keep their place in the sequence and are refused by name."""
    geometry = _grid(rows, cols, row_stride=cols + extra, first_token=first)
    line: list[tuple[int, int] | None] = []
    for row in range(rows):
        line += [(row, col) for col in range(cols)]
        line += [None] * extra
    for place, cell in enumerate(line[:-extra]):
        if cell is None:
            with pytest.raises(UsageError, match="separator behind row"):
                geometry.cell_of_token(first + place)
        else:
            assert geometry.cell_of_token(first + place) == cell
            assert geometry.token_index(*cell) == first + place
    with pytest.raises(UsageError, match="outside"):
        geometry.cell_of_token(first + len(line) - extra)


def test_a_layout_names_its_views_and_what_none_of_them_claims() -> None:
    """A global view of 2x2 in front of a 2x3 grid with a separator per row."""
    layout = TokenLayout(
        total=12,
        views={"global": _grid(2, 2), "tiles": _grid(2, 3, row_stride=4, first_token=4)},
    )
    assert layout.separators == (7, 11)
    assert layout.view("tiles").token_index(1, 0) == 8
    with pytest.raises(UsageError, match="view 'tile': this model has global, tiles"):
        layout.view("tile")


def test_one_grid_is_all_there_is() -> None:
    """Tokens before it count as separators."""
    layout = TokenLayout.single(_grid(2, 2, first_token=1))
    assert (layout.total, layout.separators) == (5, (0,))
    assert layout.view("global").token_indices() == (1, 2, 3, 4)


@pytest.mark.parametrize(
    "order", [{"tile": (2, 2)}, {"tile": (1, 3), "row_stride": 4}, {"row_stride": 2}]
)
def test_impossible_orders_are_refused(order: dict[str, object]) -> None:
    """Tiles that do not fill the grid, both orders at once, rows that overlap."""
    with pytest.raises(ValidationError, match="expected"):
        _grid(3, 3, **order)


@given(small, small)
def test_equal_orders_are_the_same_geometry(rows: int, cols: int) -> None:
    """A stride of exactly the columns, or one tile for all, changes no index."""
    plain = _grid(rows, cols)
    for order in ({"row_stride": cols}, {"tile": (rows, cols)}):
        same = _grid(rows, cols, **order)
        assert [same.token_index(*cell) for cell in cells(plain)] == list(plain.token_indices())
