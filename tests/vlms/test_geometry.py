"""The affine map between original pixels, canvas and cells, on odd sizes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.core.records import Box
from harness.vlms.geometry import Geometry
from tests.vlms.shapes import cells, geometries, sizes


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


@given(geometries())
def test_centre_of_every_visible_cell_lies_in_that_cell(geometry: Geometry) -> None:
    """A cell's box and the cell at a position are inverse."""
    for row, col in cells(geometry):
        left, top, right, bottom = geometry.cell_box(row, col)
        if right - left > 1e-6 and bottom - top > 1e-6:
            assert geometry.cell_at((left + right) / 2, (top + bottom) / 2) == (row, col)


@given(geometries())
def test_cells_tile_the_visible_area(geometry: Geometry) -> None:
    """Neighbours share their edge exactly, and together they cover what the canvas shows."""
    rows, cols = geometry.grid
    boxes = {cell: geometry.cell_box(*cell) for cell in cells(geometry)}
    for row, col in boxes:
        if col + 1 < cols:
            assert boxes[row, col][2] == boxes[row, col + 1][0]
        if row + 1 < rows:
            assert boxes[row, col][3] == boxes[row + 1, col][1]
    width, height = geometry.image_size
    left, top = geometry.to_image(0, 0)
    right, bottom = geometry.to_image(*geometry.canvas)
    visible = (max(0, left), max(0, top), min(width, right), min(height, bottom))
    assert sum(map(_area, boxes.values())) == pytest.approx(_area(visible), rel=1e-9)


@given(geometries(), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_a_position_is_in_the_box_of_its_cell_or_in_none(
    geometry: Geometry, u: float, v: float
) -> None:
    """``cell_at`` gives the only cell whose box holds the position, None on what is cut off."""
    x, y = u * geometry.image_size[0], v * geometry.image_size[1]
    slack = 1e-9 * max(geometry.image_size)
    found = geometry.cell_at(x, y)
    for cell in cells(geometry):
        left, top, right, bottom = geometry.cell_box(*cell)
        if left + slack < x < right - slack and top + slack < y < bottom - slack:
            assert found == cell
    if found is not None:
        left, top, right, bottom = geometry.cell_box(*found)
        assert left - slack <= x <= right + slack
        assert top - slack <= y <= bottom + slack
    elif geometry.mode != "crop":
        # Nothing is cut off, up to rounding in the last place at the far edge.
        assert max(u, v) > 1 - 1e-9


@given(geometries())
def test_regions_of_centres_are_nine_whole_cells_inside_the_image(geometry: Geometry) -> None:
    """No centre's region was clipped, so none touches padding or leaves the canvas."""
    rows, cols = geometry.grid
    expected = (
        3 * geometry.canvas[0] / cols / geometry.scale[0],
        3 * geometry.canvas[1] / rows / geometry.scale[1],
    )
    for row, col in geometry.centres():
        left, top, right, bottom = geometry.region_box(row, col)
        assert 0 <= left < right <= geometry.image_size[0]
        assert 0 <= top < bottom <= geometry.image_size[1]
        assert (right - left, bottom - top) == pytest.approx(expected, rel=1e-9)


@given(geometries())
def test_every_block_of_nine_real_cells_has_a_centre(geometry: Geometry) -> None:
    """``centres`` leaves out nothing."""
    rows, cols = geometry.grid
    expected = [
        (row, col)
        for row, col in cells(geometry)
        if 0 < row < rows - 1
        and 0 < col < cols - 1
        and all(geometry.real(row + i, col + j) for i in (-1, 0, 1) for j in (-1, 0, 1))
    ]
    assert list(geometry.centres()) == expected


@given(sizes, st.integers(1, 12), st.integers(1, 9))
def test_pad_mode_calls_exactly_the_cells_without_padding_real(
    image: tuple[int, int], grid: int, cell: int
) -> None:
    """An array padded pixel by pixel is the oracle."""
    side = grid * cell
    geometry = Geometry.pad(image, (side, side), (grid, grid))
    scale = side / max(image)
    width, height = (max(1, int(edge * scale + 1e-9)) for edge in image)
    canvas = np.zeros((side, side), dtype=bool)
    top, left = (side - height) // 2, (side - width) // 2
    canvas[top : top + height, left : left + width] = True
    real = canvas.reshape(grid, cell, grid, cell).all(axis=(1, 3))
    assert np.array_equal(real, [[geometry.real(r, c) for c in range(grid)] for r in range(grid)])


@given(geometries(), st.integers(0, 600))
def test_tokens_and_cells_are_inverse(geometry: Geometry, first: int) -> None:
    """Tokens run row by row from ``first_token``."""
    shifted = geometry.model_copy(update={"first_token": first})
    indices = [shifted.token_index(row, col) for row, col in cells(shifted)]
    assert indices == list(range(first, first + geometry.tokens))
    assert [shifted.cell_of_token(index) for index in indices] == cells(shifted)
    for outside in (first - 1, first + geometry.tokens):
        with pytest.raises(UsageError, match=rf"{first}\.\."):
            shifted.cell_of_token(outside)


@given(geometries(), st.integers(1, 600))
def test_render_box_maps_cells_to_an_even_grid_of_the_view(geometry: Geometry, side: int) -> None:
    """A whole cell takes its share of the view's width and height, at its place."""
    rows, cols = geometry.grid
    width, height = geometry.view_size(side)
    assert max(width, height) == side
    for row, col in cells(geometry):
        if geometry.real(row, col):
            expected = (col, row, col + 1, row + 1)
            steps = (width / cols, height / rows) * 2
            scaled = [edge * step for edge, step in zip(expected, steps, strict=True)]
            assert geometry.render_box(geometry.cell_box(row, col), side) == pytest.approx(
                scaled, rel=1e-6, abs=1e-6
            )


@pytest.mark.parametrize(
    ("image", "shortest", "placed"),
    [
        ((640, 480), None, (-56, 0, 392, 336)),
        ((481, 640), None, (0, -55, 336, 392)),
        ((500, 333), None, (-84, 0, 420, 336)),
        ((100, 100), 384, (-24, -24, 360, 360)),
    ],
)
def test_centre_crop_rounds_long_side_and_offset_down(
    image: tuple[int, int], shortest: int | None, placed: tuple[int, int, int, int]
) -> None:
    """Worked by hand: 481x640 becomes 336x447, of which 55 rows above are cut off."""
    geometry = Geometry.centre_crop(image, (336, 336), (24, 24), shortest=shortest)
    assert geometry.placed == placed


def test_pad_by_hand() -> None:
    """A 400x100 image on a 100x100 canvas: rows 37 to 61 hold image, either way round."""
    resize_first = Geometry.pad((400, 100), (100, 100), (10, 10))
    assert resize_first.placed == (0, 37, 100, 62)
    square_first = Geometry.pad((400, 100), (100, 100), (10, 10), square_first=True)
    assert square_first.placed == (0, 37.5, 100, 62.5)
    assert [row for row in range(10) if square_first.real(row, 0)] == [4, 5]
    assert square_first.centres() == ()
    assert square_first.cell_box(0, 0)[3] == 0


def test_trimmed_canvas_drops_pixels_at_the_far_edge_only() -> None:
    """A 384-pixel canvas of 14-pixel patches: 6 pixels are never looked at."""
    whole = Geometry.squash((768, 768), (384, 384), (27, 27))
    seen = whole.trimmed((378, 378))
    assert seen.cell_box(0, 0) == (0, 0, 28, 28)
    assert seen.cell_at(755.9, 0) == (0, 26)
    assert seen.cell_at(756.1, 0) is None
    with pytest.raises(UsageError, match="does not fit"):
        whole.trimmed((385, 384))


@given(geometries(), geometries())
def test_fingerprints_differ_as_the_geometries_do(one: Geometry, other: Geometry) -> None:
    """Equal geometries have equal fingerprints and no others do."""
    assert (one.fingerprint() == other.fingerprint()) == (one == other)
    assume(one != other)
    assert Geometry(**one.model_dump()).fingerprint() == one.fingerprint()


@pytest.mark.parametrize("cell", [(-1, 0), (0, -1), (3, 0), (0, 5)])
def test_a_cell_outside_the_grid_is_refused(cell: tuple[int, int]) -> None:
    """Nothing wraps around or is clamped."""
    geometry = Geometry.squash((50, 30), (50, 30), (3, 5))
    for method in (
        geometry.cell_box,
        geometry.region_box,
        geometry.token_index,
        geometry.real,
    ):
        with pytest.raises(UsageError, match=r"rows 0\.\.2, columns 0\.\.4"):
            method(*cell)


def test_impossible_sizes_are_refused() -> None:
    """The message names the argument and its value."""
    with pytest.raises(UsageError, match="image_size 0x5"):
        Geometry.squash((0, 5), (8, 8), (2, 2))
    with pytest.raises(UsageError, match="grid 0x2"):
        Geometry.pad((5, 5), (8, 8), (0, 2))
    with pytest.raises(UsageError, match="shortest edge 7"):
        Geometry.centre_crop((5, 5), (8, 8), (2, 2), shortest=7)


def test_geometry_and_data_do_not_import_torch() -> None:
    """Judges and reports use them on machines without torch."""
    modules = "harness.vlms.geometry, harness.vlms.registry, harness.data.sources"
    code = (
        f"import sys, {modules}, harness.data.manifest, harness.data.rendering;"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
