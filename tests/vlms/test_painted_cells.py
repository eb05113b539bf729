"""Colouring one cell of the original image changes what that cell's geometry says it changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from harness.vlms.geometry import Geometry
from tests.vlms.shapes import cells
from tests.vlms.tiny import PATCH, Checkpoint, Mode, build_image_processor, load

GRID = 4
SIDE = GRID * PATCH
SIZES = [(64, 64), (61, 97), (97, 61), (150, 90), (321, 171), (80, 200)]
MODES: list[Mode] = ["crop", "squash", "pad"]


def _geometry(mode: Mode, size: tuple[int, int], side: int = SIDE, grid: int = GRID) -> Geometry:
    canvas, shape = (side, side), (grid, grid)
    if mode == "crop":
        return Geometry.centre_crop(size, canvas, shape)
    if mode == "squash":
        return Geometry.squash(size, canvas, shape)
    return Geometry.pad(size, canvas, shape, square_first=True, fill=(122, 116, 104))


def _photo(size: tuple[int, int]) -> np.ndarray:
    """Return [height, width, 3] random mid-tones."""
    return np.random.default_rng(3).integers(90, 160, (size[1], size[0], 3)).astype(np.uint8)


def _inset(
    geometry: Geometry, cell: tuple[int, int], share: float
) -> tuple[int, int, int, int] | None:
    """Return whole pixels around the middle of a cell; None if less than half of it is image."""
    left, top, right, bottom = geometry.cell_box(*cell)
    if (right - left) * geometry.scale[0] < PATCH / 2:
        return None
    if (bottom - top) * geometry.scale[1] < PATCH / 2:
        return None
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    half_x, half_y = share * (right - left) / 2, share * (bottom - top) / 2
    return (
        round(middle_x - half_x),
        round(middle_y - half_y),
        round(middle_x + half_x),
        round(middle_y + half_y),
    )


def _painted(photo: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = box
    painted = photo.copy()
    painted[top:bottom, left:right] = (255, 0, 255)
    return painted


def _pixels(processor: Any, photo: np.ndarray) -> np.ndarray:
    """Return [3, side, side] processor output."""
    pixels: np.ndarray = processor(images=[Image.fromarray(photo)], return_tensors="np")[
        "pixel_values"
    ][0]
    return pixels


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", MODES)
def test_processor_pixels_change_in_the_painted_cell_only(
    mode: Mode, size: tuple[int, int]
) -> None:
    """The change lies in the cell, and its centre of mass where the affine map puts it."""
    geometry = _geometry(mode, size)
    processor = build_image_processor(mode, SIDE)
    photo = _photo(size)
    before = _pixels(processor, photo)
    assert before.shape[1:] == geometry.canvas[::-1]
    tested = 0
    for row, col in cells(geometry):
        box = _inset(geometry, (row, col), 0.4)
        if box is None:
            continue
        change = np.abs(_pixels(processor, _painted(photo, box)) - before).sum(axis=0)
        ys, xs = np.nonzero(change > 0.15 * change.max())
        assert set(ys // PATCH) == {row}
        assert set(xs // PATCH) == {col}
        weight = change[ys, xs]
        found = np.average(xs + 0.5, weights=weight), np.average(ys + 0.5, weights=weight)
        middle = geometry.to_canvas((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        assert found == pytest.approx(middle, abs=0.4)
        tested += 1
    assert tested >= GRID


@pytest.mark.parametrize("size", [(500, 333), (481, 640), (337, 336)])
@pytest.mark.parametrize("mode", MODES)
def test_canvas_of_a_real_size_is_placed_to_a_fraction_of_a_pixel(
    mode: Mode, size: tuple[int, int]
) -> None:
    """At 336 pixels an offset wrong by one pixel would show in every corner."""
    geometry = _geometry(mode, size, 336, 24)
    processor = build_image_processor(mode, 336)
    photo = _photo(size)
    before = _pixels(processor, photo)
    for row, col in [(6, 6), (6, 17), (17, 6), (17, 17)]:
        box = _inset(geometry, (row, col), 0.5)
        assert box is not None
        change = np.abs(_pixels(processor, _painted(photo, box)) - before).sum(axis=0)
        change[change < 0.15 * change.max()] = 0
        ys, xs = np.mgrid[0:336, 0:336] + 0.5
        found = np.average(xs, weights=change), np.average(ys, weights=change)
        middle = geometry.to_canvas((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        assert found == pytest.approx(middle, abs=0.25)


@pytest.mark.parametrize("mode", MODES)
def test_painted_cell_moves_its_own_token_most(checkpoint: Checkpoint, mode: Mode) -> None:
    """Through processor, encoder and projector, each cell belongs to the token that claims it."""
    adapter = load(checkpoint("rms", mode))
    for size in [(64, 64), (150, 90), (61, 97)]:
        photo = _photo(size)
        tokens = adapter.encode(Image.fromarray(photo), [0])
        geometry = tokens.geometry
        assert geometry == _geometry(mode, size)
        tested = 0
        for row, col in cells(geometry):
            box = _inset(geometry, (row, col), 0.5)
            if box is None:
                continue
            painted = adapter.encode(Image.fromarray(_painted(photo, box)), [0])
            moved = (painted.states[0] - tokens.states[0]).norm(dim=-1)
            assert int(moved.argmax()) == geometry.token_index(row, col)
            tested += 1
        assert tested >= 2 * GRID
