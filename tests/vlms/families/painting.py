"""Paint a spot in the original image and see which visual token notices."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from PIL import Image

from harness.core.records import Box
from harness.vlms.base import Adapter
from tests.vlms.shapes import cells

SIZES: Final = ((150, 90), (90, 200), (320, 170), (64, 64))
_SHARE: Final = 0.18**0.5
"""Side of a spot that covers 18 % of a cell, as a share of the cell's side."""


def misplaced(adapter: Adapter, size: tuple[int, int]) -> list[str]:
    """Return what is wrong with an image's layout, token by token; empty if nothing is.

    With the encoder's attention silenced, the spot in the middle of a cell must move the token that
    claims the cell more than any other of its view, and no token outside all views.
    """
    layout = adapter.layout(*size)
    separators = list(layout.separators)
    photo = np.random.default_rng(3).integers(90, 160, (size[1], size[0], 3)).astype(np.uint8)
    wrong = []
    with adapter.isolated():
        before = _tokens(adapter, photo)
        if len(before) != layout.total:
            return [f"{len(before)} tokens, not {layout.total}"]
        for name, view in layout.views.items():
            indices = list(view.token_indices())
            for row, col in cells(view):
                painted = photo.copy()
                left, top, right, bottom = _spot(view.cell_box(row, col))
                painted[top:bottom, left:right] = (255, 0, 255)
                moved = (_tokens(adapter, painted) - before).norm(dim=-1)
                found = indices[int(moved[indices].argmax())]
                if found != view.token_index(row, col):
                    wrong.append(f"{name} ({row}, {col}) moves token {found}")
                if moved[separators].any():
                    wrong.append(f"{name} ({row}, {col}) moves a separator")
    return wrong


def _tokens(adapter: Adapter, pixels: np.ndarray) -> torch.Tensor:
    """Return H[0] of all visual tokens [total, d]."""
    return adapter.encode(Image.fromarray(pixels), [0]).states[0]


def _spot(box: Box) -> tuple[int, int, int, int]:
    """Return whole pixels around the middle of a box, one at least."""
    left, top, right, bottom = box
    width, height = _SHARE * (right - left), _SHARE * (bottom - top)
    x, y = round((left + right - width) / 2), round((top + bottom - height) / 2)
    return x, y, x + max(1, round(width)), y + max(1, round(height))


def astray(adapter: Adapter, size: tuple[int, int]) -> list[str]:
    """Paint every line of pixels in turn and return what the tiles make of it; empty if all well.

    For images that the processor does not resize. A column of pixels must move every token of the
    column of cells that claims it and no other of the view, and on a strip no token at all; rows
    likewise.
    """
    view = adapter.layout(*size).view("tiles")
    indices = np.array(view.token_indices()).reshape(view.grid)
    photo = np.random.default_rng(3).integers(90, 160, (size[1], size[0], 3)).astype(np.uint8)
    wrong = []
    with adapter.isolated():
        before = _tokens(adapter, photo)
        for axis, length in enumerate(size):
            for place in range(length):
                painted = photo.copy()
                painted[(slice(None), place) if axis == 0 else place] = (255, 0, 255)
                moved = (_tokens(adapter, painted) - before).any(-1).numpy()[indices]
                middle = [0.5, 0.5]
                middle[axis] += place
                found = view.cell_at(*middle)
                expected = np.zeros(view.grid, dtype=bool)
                if found is not None:
                    line = found[1 - axis]
                    expected[(slice(None), line) if axis == 0 else line] = True
                if not np.array_equal(moved, expected):
                    wrong.append(f"axis {axis}, pixel {place}: expected cell {found}")
    return wrong
