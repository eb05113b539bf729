"""Hypothesis strategies of geometries on odd sizes."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from harness.vlms.geometry import Geometry
from harness.vlms.seams import Seams

sizes = st.tuples(st.integers(1, 700), st.integers(1, 700))
sides = st.integers(1, 12)


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    """Draw any geometry, with cells of a whole or a fractional number of canvas pixels."""
    image = draw(sizes)
    grid = (draw(sides), draw(sides))
    cell = draw(st.integers(1, 16))
    canvas = (grid[1] * cell + draw(st.integers(0, 5)), grid[0] * cell + draw(st.integers(0, 5)))
    kind = draw(st.sampled_from(["squash", "crop", "pad", "square first"]))
    if kind == "squash":
        return Geometry.squash(image, canvas, grid)
    if kind == "crop":
        shortest = max(canvas) + draw(st.integers(0, 20))
        return Geometry.centre_crop(image, canvas, grid, shortest=shortest)
    return Geometry.pad(image, canvas, grid, square_first=kind == "square first")


def cells(geometry: Geometry) -> list[tuple[int, int]]:
    """Return all (row, col) of a geometry."""
    return [(row, col) for row in range(geometry.grid[0]) for col in range(geometry.grid[1])]


@st.composite
def seamed_geometries(draw: st.DrawFn, *, patches: bool = False) -> Geometry:
    """Draw a geometry of tiles with strips that nobody looks at, at any place of its image.

    Cells are patches, or any share of what is seen. Scales are powers of two, so that every pixel
    of the canvas has an exact place in the image.
    """
    across, down = _line(draw, patches), _line(draw, patches)
    image, canvas = draw(sizes), (across.canvas, down.canvas)
    scale = 2.0 ** draw(st.integers(-1, 2))
    left, top = (draw(st.integers(-length, length // 2)) for length in canvas)
    return Geometry(
        image_size=image,
        canvas=canvas,
        mode="pad",
        grid=(down.cells, across.cells),
        placed=(left, top, left + image[0] * scale, top + image[1] * scale),
        seams=Seams(
            tile=(across.tile, down.tile),
            seen=(across.seen, down.seen),
            begin=(across.begin, down.begin),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """One side of a canvas of tiles."""

    tile: int
    seen: int
    begin: int
    canvas: int
    cells: int


def _line(draw: st.DrawFn, patches: bool) -> _Line:
    patch, per_tile, strip = (
        draw(st.integers(1, 7)),
        draw(st.integers(1, 4)),
        draw(st.integers(0, 6)),
    )
    seen = patch * per_tile
    if patches:
        first, cells = draw(st.integers(0, per_tile - 1)), draw(sides)
        strips = (first + cells - 1) // per_tile * strip
        return _Line(seen + strip, seen, first * patch, cells * patch + strips, cells)
    begin = draw(st.integers(0, seen - 1))
    return _Line(seen + strip, seen, begin, draw(st.integers(1, 60)), draw(sides))
