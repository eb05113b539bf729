"""Crops, their order and what they say about padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from harness.core.errors import DataError
from harness.vlms.molmo.layout import token_layout
from harness.vlms.molmo.preprocessing import NOT_USED, canvas_size, crop, fitted, tiling
from harness.vlms.molmo.settings import CropSettings

TINY = CropSettings(
    side=32, patch=4, margins=(2, 4), max_crops=7, mean=(0.5, 0.4, 0.3), deviation=(0.2, 0.3, 0.4)
)
RELEASED = CropSettings(
    side=336,
    patch=14,
    margins=(4, 4),
    max_crops=12,
    mean=(0.48145466, 0.4578275, 0.40821073),
    deviation=(0.26862954, 0.26130258, 0.27577711),
)
sides = st.integers(8, 120)


def _image(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(5).integers(0, 256, (height, width, 3))
    return Image.fromarray(pixels.astype(np.uint8))


@pytest.mark.parametrize(
    ("size", "tiles", "grid"),
    [
        ((400, 300), (1, 2), (12, 20)),
        ((300, 500), (2, 1), (20, 12)),
        ((640, 480), (2, 3), (20, 28)),
        ((112, 112), (1, 1), (12, 12)),
        ((60, 2000), (1, 1), (12, 12)),
        ((4000, 3000), (3, 4), (28, 36)),
        ((2000, 300), (1, 9), (12, 76)),
    ],
)
def test_released_settings_give_the_grids_of_the_published_processor(
    size: tuple[int, int], tiles: tuple[int, int], grid: tuple[int, int]
) -> None:
    """Figures noted down from a run of the published code."""
    assert tiling(*size, RELEASED) == tiles
    layout = token_layout(*size, RELEASED)
    assert layout.view("global").grid == (12, 12)
    assert layout.view("tiles").grid == grid
    assert layout.total == 144 + grid[0] * grid[1]


def _best_tiling(width: int, height: int, settings: CropSettings) -> tuple[int, int]:
    """Choose by the rule in words, with fractions of whole numbers instead of float32."""
    margin = sum(settings.margins) * settings.patch
    free = (height - margin, width - margin)
    found: list[tuple[float, int, int, int]] = []
    for rows in range(1, settings.max_crops + 1):
        for cols in range(1, settings.max_crops // rows + 1):
            scale = min(rows * settings.window / free[0], cols * settings.window / free[1])
            found.append((scale, rows * cols, rows, cols))
    enough = [choice for choice in found if choice[0] >= 1]
    *_, rows, cols = min(enough) if enough else min((-choice[0], *choice[1:]) for choice in found)
    return rows, cols


@given(width=st.integers(337, 3000), height=st.integers(337, 3000))
def test_tiling_needs_the_least_enlargement_or_else_the_least_reduction(
    width: int, height: int
) -> None:
    """And of equals the fewest crops, then the fewest rows."""
    assert tiling(width, height, RELEASED) == _best_tiling(width, height, RELEASED)


@given(width=sides, height=sides)
@example(width=24, height=24)
@example(width=1, height=1)
def test_every_token_belongs_to_one_cell_of_one_crop(width: int, height: int) -> None:
    """And that cell lies where the layout has the token."""
    layout = token_layout(width, height, TINY)
    crops = crop(_image(width, height), TINY)
    used = crops.tokens[crops.tokens != NOT_USED]
    assert sorted(used.tolist()) == list(range(layout.total))
    rows, cols = tiling(width, height, TINY)
    assert len(crops.images) == len(crops.masks) == len(crops.tokens) == 1 + rows * cols
    large = layout.view("tiles")
    step, side = TINY.window // (2 * TINY.patch), TINY.tokens
    for number, cells in enumerate(crops.tokens[1:].tolist()):
        top, left = number // cols * step, number % cols * step
        for place, token in enumerate(cells):
            if token != NOT_USED:
                expected = top + place // side, left + place % side
                assert large.cell_of_token(token) == expected
    assert crops.tokens[0].tolist() == list(range(side * side))


@given(width=sides, height=sides)
def test_crops_hold_the_pixels_of_their_window(width: int, height: int) -> None:
    """A pixel of a patch is the pixel of the canvas at its place; black is what has no image."""
    image = _image(width, height)
    crops = crop(image, TINY)
    canvas = canvas_size(tiling(width, height, TINY), TINY)
    left, top, wide, high = fitted((width, height), canvas)
    colours = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
    resized = torch.nn.functional.interpolate(
        colours, (high, wide), mode="bilinear", antialias=True
    )[0].clamp(0, 1)
    pixels = np.zeros((canvas[1], canvas[0], 3), dtype=np.float32)
    pixels[top : top + high, left : left + wide] = resized.permute(1, 2, 0).numpy()
    cols = tiling(width, height, TINY)[1]
    rng = np.random.default_rng(1)
    for number, patches in enumerate(crops.images[1:]):
        y0, x0 = number // cols * TINY.window, number % cols * TINY.window
        for y, x in rng.integers(0, TINY.side, (20, 2)):
            patch = y // 4 * 8 + x // 4
            inside = (y % 4 * 4 + x % 4) * 3
            expected = (pixels[y0 + y, x0 + x] - TINY.mean) / TINY.deviation
            assert patches[patch, inside : inside + 3].numpy() == pytest.approx(expected, abs=1e-5)


def test_each_crop_comes_with_the_mask_of_the_next() -> None:
    """As the model was trained: the whole view has the first crop's mask, the last has none."""
    width, height = 60, 40
    crops = crop(_image(width, height), TINY)
    tiles = tiling(width, height, TINY)
    canvas = canvas_size(tiles, TINY)
    left, top, wide, high = fitted((width, height), canvas)
    real = np.zeros((canvas[1], canvas[0]))
    real[top : top + high, left : left + wide] = 1
    shares = []
    for row in range(tiles[0]):
        for col in range(tiles[1]):
            y, x = row * TINY.window, col * TINY.window
            window = real[y : y + 32, x : x + 32].reshape(8, 4, 8, 4)
            shares.append(window.mean(axis=(1, 3)).ravel())
    assert tiles[1] > 1
    assert len({share.tobytes() for share in shares}) > 1
    np.testing.assert_allclose(crops.masks[:-1].numpy(), shares, atol=1e-6)
    assert (crops.masks[-1] == -1).all()


def test_sizes_are_rounded_in_float32() -> None:
    """The published code loses a pixel here, which exact arithmetic would not."""
    found = {side: fitted((side, side), (336, 336))[2:] for side in range(300, 700)}
    lost = [side for side, placed in found.items() if placed != (336, 336)]
    assert lost
    for side in lost:
        assert found[side] == (335, 335)
        assert int(np.float32(side) * (np.float32(336) / np.float32(side))) == 335


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1)])
def test_an_image_of_which_nothing_would_be_left_is_refused(size: tuple[int, int]) -> None:
    """One line that names the size."""
    with pytest.raises(DataError, match=f"a {size[0]}x{size[1]} image resized to fit into 336x336"):
        token_layout(*size, RELEASED)
    with pytest.raises(DataError, match="crop it to a less extreme shape"):
        crop(_image(*size), RELEASED)
