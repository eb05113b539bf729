"""An image becomes overlapping crops of its high-resolution version and one small whole view.

Follows the image processor published with Molmo-7B-D-0924, quirks included, because the model was
trained on its output. Sizes are computed in float32 as there: the rounding decides about a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from harness.core.errors import DataError
from harness.vlms.molmo.settings import CropSettings

NOT_USED = -1
"""Stands for the visual token of a cell that another crop shows better."""
_NO_CROP = -1.0


@dataclass(frozen=True, slots=True)
class Crops:
    """What the model is given of one image; the whole view is the first crop."""

    images: torch.Tensor
    """[crops, patches, pixels] normalised float32, patches row by row, a pixel's colours last."""
    masks: torch.Tensor
    """[crops, patches] float32 share of image, as the model was trained to receive it."""
    tokens: torch.Tensor
    """[crops, cells] index among the image's visual tokens, or :data:`NOT_USED`."""
    grid: tuple[int, int]
    """Rows and columns of visual tokens over all crops."""


def tiling(width: int, height: int, settings: CropSettings) -> tuple[int, int]:
    """Return rows and columns of high-resolution crops for an image.

    The smallest enlargement that fills some arrangement of crops wins, or else the smallest
    reduction; of equals the arrangement of fewer crops, then of fewer rows.
    """
    most, margin = settings.max_crops, sum(settings.margins) * settings.patch
    candidates = np.array(
        sorted(
            (
                (rows, cols)
                for rows in range(1, most + 1)
                for cols in range(1, most + 1)
                if rows * cols <= most
            ),
            key=lambda pair: (pair[0] * pair[1], pair[0]),
        )
    )
    size = np.array([height - margin, width - margin], dtype=np.float32)
    with np.errstate(divide="ignore"):
        scales = ((candidates * settings.window).astype(np.float32) / size).min(axis=1)
    if (scales < 1).all():
        best = int(scales.argmax())
    else:
        best = int(np.where(scales < 1, np.inf, scales).argmin())
    return int(candidates[best, 0]), int(candidates[best, 1])


def canvas_size(tiles: tuple[int, int], settings: CropSettings) -> tuple[int, int]:
    """Return width and height of the high-resolution canvas for rows and columns of crops."""
    margin = sum(settings.margins) * settings.patch
    return tiles[1] * settings.window + margin, tiles[0] * settings.window + margin


def fitted(image: tuple[int, int], canvas: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of an image resized to fit into a canvas and centred.

    Args:
        image: Width and height.
        canvas: Width and height.

    Raises:
        DataError: The image is so long that nothing would be left of its short side.
    """
    sides = np.array(image, dtype=np.float32)
    scale = (np.array(canvas, dtype=np.float32) / sides).min()
    width, height = (int(side) for side in sides * scale)
    if min(width, height) < 1:
        raise DataError(
            f"a {image[0]}x{image[1]} image resized to fit into {canvas[0]}x{canvas[1]} is "
            f"{width}x{height}: crop it to a less extreme shape"
        )
    return (canvas[0] - width) // 2, (canvas[1] - height) // 2, width, height


def crop(image: Image.Image, settings: CropSettings) -> Crops:
    """Return the crops of an image, the whole view first, then crops row by row.

    Raises:
        DataError: The image is too long and thin.
    """
    pixels = np.asarray(image.convert("RGB"))
    colours = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255
    tiles = tiling(image.width, image.height, settings)
    whole, _ = _placed(colours, (settings.side, settings.side), settings)
    large, real = _placed(colours, canvas_size(tiles, settings), settings)
    step, side = settings.window, settings.side
    images, masks = [_patches(whole, settings)], []
    for row in range(tiles[0]):
        for col in range(tiles[1]):
            area = (..., slice(row * step, row * step + side), slice(col * step, col * step + side))
            images.append(_patches(large[area], settings))
            masks.append(_patches(real[area], settings).mean(dim=-1))
    # As published and trained: the masks miss one at the front, for the whole view, and have one
    # too many at the end, so that each crop comes with the mask of the crop after it.
    masks.append(torch.full_like(masks[0], _NO_CROP))
    return Crops(
        images=torch.stack(images),
        masks=torch.stack(masks),
        tokens=_tokens(tiles, settings),
        grid=settings.grid(tiles),
    )


def _placed(
    colours: torch.Tensor, canvas: tuple[int, int], settings: CropSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return [3, height, width] normalised canvas and [1, height, width] where it is image."""
    left, top, width, height = fitted((colours.shape[2], colours.shape[1]), canvas)
    resized = functional.interpolate(
        colours[None], size=(height, width), mode="bilinear", align_corners=False, antialias=True
    )[0].clamp(0, 1)
    # Padding is black before normalisation.
    border = (left, canvas[0] - width - left, top, canvas[1] - height - top)
    mean = torch.tensor(settings.mean)[:, None, None]
    deviation = torch.tensor(settings.deviation)[:, None, None]
    placed = (functional.pad(resized, border) - mean) / deviation
    return placed, functional.pad(torch.ones(1, height, width), border)


def _patches(crop: torch.Tensor, settings: CropSettings) -> torch.Tensor:
    """Turn [colours, side, side] into [patches, pixels * colours]."""
    count, patch = settings.patches, settings.patch
    cut = crop.reshape(len(crop), count, patch, count, patch)
    return cut.permute(1, 3, 2, 4, 0).reshape(count**2, patch**2 * len(crop))


def _tokens(tiles: tuple[int, int], settings: CropSettings) -> torch.Tensor:
    """Return [crops, cells] indices of visual tokens: whole view first, then the large grid."""
    side = settings.tokens
    rows, cols = settings.grid(tiles)
    large = torch.arange(rows * cols).view(rows, cols) + side * side
    found = [torch.arange(side * side)]
    for row in range(tiles[0]):
        for col in range(tiles[1]):
            shown = torch.full((side, side), NOT_USED)
            inside_y, outside_y = _kept(row, tiles[0], settings)
            inside_x, outside_x = _kept(col, tiles[1], settings)
            shown[inside_y, inside_x] = large[outside_y, outside_x]
            found.append(shown.flatten())
    return torch.stack(found)


def _kept(index: int, count: int, settings: CropSettings) -> tuple[slice, slice]:
    """Return the cells kept of a crop along one side: inside the crop, and in the large grid."""
    before, after = (margin // settings.pool for margin in settings.margins)
    start = 0 if index == 0 else before
    stop = settings.tokens if index == count - 1 else settings.tokens - after
    offset = index * (settings.window // (settings.patch * settings.pool))
    return slice(start, stop), slice(offset + start, offset + stop)
