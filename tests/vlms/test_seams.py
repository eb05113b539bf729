"""Cells of a canvas with unseen strips, against an oracle that walks it pixel by pixel."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import product
from math import ceil, floor
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.core.ids import canonical_json
from harness.core.tables import read_table, write_table
from harness.data.manifest import make_patch
from harness.pipeline.context import ImageGeometry
from harness.vlms.geometry import Geometry
from harness.vlms.seams import Seams
from tests.vlms.shapes import cells, geometries, seamed_geometries

# 54x27 patches of 14 pixels on two tiles of 384, of which 378 are seen; the image is the canvas.
TWO_TILES = Geometry.squash((762, 378), (762, 378), (27, 54)).model_copy(
    update={"seams": Seams(tile=(384, 384), seen=(378, 378))}
)


def _seen(geometry: Geometry, axis: int) -> list[int]:
    """Return the pixels along the canvas that are looked at, found by walking over the tiles."""
    assert geometry.seams is not None
    tile, seen = geometry.seams.tile[axis], geometry.seams.seen[axis]
    inside, found = geometry.seams.begin[axis], []
    for pixel in range(geometry.canvas[axis]):
        if inside < seen:
            found.append(pixel)
        inside = (inside + 1) % tile
    return found


def _interval(seen: list[int], first: int, last: int, count: int) -> tuple[Fraction, Fraction]:
    """Return where the canvas shows cells [first, last) of ``count`` that share the seen pixels."""
    start, end = Fraction(first * len(seen), count), Fraction(last * len(seen), count)
    left, right = floor(start), ceil(end) - 1
    return seen[left] + start - left, seen[right] + end - right


def _on_image(geometry: Geometry, x: float, y: float) -> tuple[float, float] | None:
    """Return a canvas position in the image, None outside it."""
    found = geometry.to_image(x, y)
    inside = all(0 <= at < side for at, side in zip(found, geometry.image_size, strict=True))
    return found if inside else None


@given(seamed_geometries())
def test_boxes_are_those_of_the_pixels_seen(geometry: Geometry) -> None:
    """From the first seen pixel of a cell to the last one, over a strip where one is between."""
    rows, cols = geometry.grid
    across, down = _seen(geometry, 0), _seen(geometry, 1)
    width, height = geometry.image_size
    for row, col in cells(geometry):
        left, right = _interval(across, col, col + 1, cols)
        top, bottom = _interval(down, row, row + 1, rows)
        low = geometry.to_image(float(left), float(top))
        high = geometry.to_image(float(right), float(bottom))
        expected = [
            min(max(edge, 0.0), limit)
            for edge, limit in zip((*low, *high), (width, height) * 2, strict=True)
        ]
        assert geometry.cell_box(row, col) == pytest.approx(expected, abs=1e-9)
        inside = (*low, *high) == pytest.approx(expected, abs=1e-12)
        assert geometry.real(row, col) == inside


@given(seamed_geometries())
def test_every_pixel_is_in_the_cell_that_looks_at_it_or_in_none(geometry: Geometry) -> None:
    """Pixels of strips, of padding and behind the grid are in none."""
    claims = []
    for axis in (0, 1):
        seen, count = _seen(geometry, axis), geometry.grid[1 - axis]
        # The cell of a pixel is that of its middle.
        middles = [(2 * place + 1) * count // (2 * len(seen)) for place in range(len(seen))]
        claims.append(dict(zip(seen, middles, strict=True)))
    for x, y in product(*(range(length) for length in geometry.canvas)):
        place = _on_image(geometry, x + 0.5, y + 0.5)
        if place is not None:
            expected = (claims[1].get(y), claims[0].get(x))
            assert geometry.cell_at(*place) == (None if None in expected else expected)
    width, height = geometry.canvas
    for outside in ((-0.5, 0.5), (0.5, -0.5), (width + 0.5, 0.5), (0.5, height + 0.5)):
        place = _on_image(geometry, *outside)
        assert place is None or geometry.cell_at(*place) is None


@given(seamed_geometries(patches=True))
def test_cells_of_whole_patches_share_no_pixel_and_leave_none_out(geometry: Geometry) -> None:
    """A seen pixel is inside the box of exactly one cell, one of a strip in none."""
    width, height = geometry.canvas
    claims: Counter[tuple[int, int]] = Counter()
    for cell in cells(geometry):
        left, top, right, bottom = geometry.cell_box(*cell)
        low, high = geometry.to_canvas(left, top), geometry.to_canvas(right, bottom)
        xs = [x for x in range(width) if low[0] < x + 0.5 < high[0]]
        ys = [y for y in range(height) if low[1] < y + 0.5 < high[1]]
        claims.update(product(xs, ys))
    seen = product(_seen(geometry, 0), _seen(geometry, 1))
    expected = {(x, y) for x, y in seen if _on_image(geometry, x + 0.5, y + 0.5)}
    assert claims == dict.fromkeys(expected, 1)


@given(seamed_geometries(patches=True))
def test_the_middle_of_a_patch_is_in_its_cell(geometry: Geometry) -> None:
    """A cell's box and the cell at a position are inverse."""
    for row, col in cells(geometry):
        left, top, right, bottom = geometry.cell_box(row, col)
        if left < right and top < bottom:
            assert geometry.cell_at((left + right) / 2, (top + bottom) / 2) == (row, col)


@given(seamed_geometries())
def test_the_middle_of_a_cell_is_in_no_other(geometry: Geometry) -> None:
    """It may be on a strip that goes through the cell, and then it is in none."""
    for row, col in cells(geometry):
        left, top, right, bottom = geometry.cell_box(row, col)
        if right - left > 1e-6 and bottom - top > 1e-6:
            assert geometry.cell_at((left + right) / 2, (top + bottom) / 2) in ((row, col), None)


@given(seamed_geometries())
def test_a_region_is_the_hull_of_its_cells(geometry: Geometry) -> None:
    """Strips between the cells are part of it; regions of centres are not clipped."""
    rows, cols = geometry.grid
    for row, col in cells(geometry):
        near = [
            geometry.cell_box(r, c)
            for r, c in product(range(row - 1, row + 2), range(col - 1, col + 2))
            if 0 <= r < rows and 0 <= c < cols
        ]
        lows, highs = zip(*[box[:2] for box in near], strict=True), [box[2:] for box in near]
        expected = (*map(min, lows), *map(max, zip(*highs, strict=True)))
        assert geometry.region_box(row, col) == pytest.approx(expected, abs=1e-9)
    expected_centres = tuple(
        (row, col)
        for row, col in cells(geometry)
        if 0 < row < rows - 1
        and 0 < col < cols - 1
        and all(geometry.real(row + i, col + j) for i in (-1, 0, 1) for j in (-1, 0, 1))
    )
    assert geometry.centres() == expected_centres


@given(geometries(), st.data())
def test_strips_of_no_width_change_nothing(geometry: Geometry, data: st.DataObject) -> None:
    """To the last bit, wherever the tiles are cut."""
    tile = (data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40)))
    begin = (data.draw(st.integers(0, tile[0] - 1)), data.draw(st.integers(0, tile[1] - 1)))
    seams = Seams(tile=tile, seen=tile, begin=begin)
    other = geometry.model_copy(update={"seams": seams})
    for cell in cells(geometry):
        assert other.cell_box(*cell) == geometry.cell_box(*cell)
        assert other.region_box(*cell) == geometry.region_box(*cell)
    assert other.centres() == geometry.centres()
    x = data.draw(st.floats(0, geometry.image_size[0]))
    y = data.draw(st.floats(0, geometry.image_size[1]))
    assert other.cell_at(x, y) == geometry.cell_at(x, y)


@given(seamed_geometries(patches=True))
def test_a_canvas_that_ends_with_a_strip_has_the_same_cells(geometry: Geometry) -> None:
    """Cutting off pixels that nobody looks at moves no cell."""
    seams = geometry.seams
    assert seams is not None
    spare = [
        seams.tile[axis] - seams.seen[axis] if (length + begin) % tile == seen % tile else 0
        for axis, (length, begin, tile, seen) in enumerate(
            zip(geometry.canvas, seams.begin, seams.tile, seams.seen, strict=True)
        )
    ]
    canvas = (geometry.canvas[0] + spare[0], geometry.canvas[1] + spare[1])
    longer = geometry.model_copy(update={"canvas": canvas})
    for cell in cells(geometry):
        assert longer.cell_box(*cell) == geometry.cell_box(*cell)
    assert longer.trimmed(geometry.canvas) == geometry


def test_two_tiles_by_hand() -> None:
    """The last column of the first tile ends at 378, the first of the second begins at 384."""
    assert TWO_TILES.cell_box(0, 26) == (364, 0, 378, 14)
    assert TWO_TILES.cell_box(0, 27) == (384, 0, 398, 14)
    assert TWO_TILES.cell_box(26, 53) == (748, 364, 762, 378)
    assert TWO_TILES.region_box(1, 26) == (350, 0, 398, 42)
    assert TWO_TILES.cell_at(377.9, 0) == (0, 26)
    assert TWO_TILES.cell_at(378, 0) is None
    assert TWO_TILES.cell_at(383.9, 0) is None
    assert TWO_TILES.cell_at(384, 0) == (0, 27)


def test_a_cell_of_a_shrunk_grid_goes_over_the_strip() -> None:
    """27 columns of 28 seen pixels each: the 14th has 14 of either tile."""
    shrunk = TWO_TILES.model_copy(update={"grid": (27, 27)})
    assert shrunk.cell_box(0, 12) == (336, 0, 364, 14)
    assert shrunk.cell_box(0, 13) == (364, 0, 398, 14)
    assert shrunk.cell_box(0, 14) == (398, 0, 426, 14)
    assert [shrunk.cell_at(x, 0) for x in (377, 381, 385)] == [(0, 13), None, (0, 13)]


def test_a_grid_that_begins_inside_a_tile() -> None:
    """One column of patches dropped: the first seam is 14 pixels nearer."""
    seams = Seams(tile=(384, 384), seen=(378, 378), begin=(14, 0))
    later = TWO_TILES.model_copy(update={"seams": seams, "grid": (27, 53), "canvas": (748, 378)})
    assert later.cell_box(0, 25)[::2] == (350, 364)
    assert later.cell_box(0, 26)[::2] == (370, 384)
    assert later.cell_box(0, 52)[::2] == (734, 748)


def test_views_show_strips_too() -> None:
    """A view is a drawing of the canvas in its own shape; boxes keep their distance in it."""
    assert TWO_TILES.view_size(381) == (381, 189)
    assert TWO_TILES.render_box(TWO_TILES.cell_box(0, 27), 381)[::2] == (192, 199)
    assert TWO_TILES.fractions(TWO_TILES.cell_box(0, 27))[0] == 384 / 762


@pytest.mark.parametrize(
    "change",
    [
        {"seen": (385, 378)},
        {"seen": (378, 0)},
        {"begin": (378, 0)},
        {"begin": (0, -1)},
        {"tile": (384, 377)},
    ],
)
def test_impossible_strips_are_refused(change: dict[str, tuple[int, int]]) -> None:
    """The message names all three fields."""
    fields = {"tile": (384, 384), "seen": (378, 378), "begin": (0, 0)} | change
    with pytest.raises(ValidationError, match=r"expected 0 <= begin < seen <= tile both ways"):
        Seams(**fields)


@given(seamed_geometries(), seamed_geometries())
def test_fingerprints_differ_as_the_strips_do(one: Geometry, other: Geometry) -> None:
    """And they survive JSON."""
    swapped = one.model_copy(update={"seams": other.seams})
    assert (swapped.fingerprint() == one.fingerprint()) == (swapped == one)
    assert Geometry.model_validate_json(canonical_json(one)) == one
    assert Geometry(**one.model_dump()).fingerprint() == one.fingerprint()


def test_geometries_without_strips_are_stored_as_before_there_were_any() -> None:
    """So that fingerprints, and the digests of tables of geometries, stay what they are."""
    plain = Geometry.pad((400, 100), (100, 100), (10, 10), square_first=True)
    assert "seams" not in plain.model_dump()
    assert plain.fingerprint() == "7665d2aae27861fe3aab4b3262dfcbcd9db92645cc0767024482fdb270739d1b"
    assert "seams" in TWO_TILES.model_dump()


def test_geometries_with_strips_go_through_tables(tmp_path: Path) -> None:
    """Beside ones without."""
    plain = TWO_TILES.model_copy(update={"seams": None})
    rows = [
        ImageGeometry(image_id=name, geometry=geometry)
        for name, geometry in (("a", TWO_TILES), ("b", plain))
    ]
    write_table(tmp_path / "geometry.parquet", rows, ImageGeometry)
    assert read_table(tmp_path / "geometry.parquet", ImageGeometry) == rows


@given(seamed_geometries())
def test_patches_have_the_boxes_of_their_cells(geometry: Geometry) -> None:
    """What a judge is shown is where the cell is."""
    assume(geometry.centres())
    for cell in geometry.centres():
        patch = make_patch("0" * 64, geometry, *cell)
        assert (patch.box, patch.region) == (geometry.cell_box(*cell), geometry.region_box(*cell))
        left, top, right, bottom = patch.region
        assert 0 <= left < right <= geometry.image_size[0]
        assert 0 <= top < bottom <= geometry.image_size[1]
