"""Hypothesis strategies of geometries on odd sizes."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.vlms.geometry import Geometry

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
