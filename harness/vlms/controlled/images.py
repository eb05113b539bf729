"""From an image to the encoder's square input, in explicit steps, with its geometry.

Follows the preprocessing of Molmo's public training code as the LatentLens authors used it
(arXiv 2602.00462, appendix A), written anew on ``torch.nn.functional.interpolate``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from harness.core.errors import DataError
from harness.vlms.controlled.config import ImageSettings
from harness.vlms.geometry import Geometry

if TYPE_CHECKING:
    from PIL import Image

_LEVELS = 255.0
_LONGEST = 200


class Prepared(NamedTuple):
    """The encoder's input."""

    pixels: torch.Tensor
    """[3, size, size] float32, normalised."""
    real: torch.Tensor
    """[rows * cols] float32: share of each patch that is image, not padding."""


def image_geometry(settings: ImageSettings, patch: int, width: int, height: int) -> Geometry:
    """Return where each patch of an image of this size lies.

    Args:
        settings: Preprocessing.
        patch: Side of a patch in pixels of the input; what is left over at the far edge is unseen.
        width: Width of the original image in pixels.
        height: Height of it.

    Raises:
        DataError: The image is too long for a crop of its middle, which would show next to nothing.
    """
    side, cells = settings.size, settings.size // patch
    image, canvas, grid = (width, height), (side, side), (cells, cells)
    if settings.mode == "squash":
        placed = Geometry.squash(image, canvas, grid)
    elif settings.mode == "crop":
        if max(image) > _LONGEST * min(image):
            raise DataError(
                f"{width}x{height} image: at most {_LONGEST} times as long as wide, or a crop of "
                "its middle shows next to nothing"
            )
        placed = Geometry.centre_crop(image, canvas, grid)
    else:
        left, top, wide, high = _letterbox(side, width, height)
        box = (float(left), float(top), float(left + wide), float(top + high))
        padded = Geometry.pad(image, canvas, grid)
        placed = padded.model_copy(update={"placed": box})
    return placed.trimmed((cells * patch, cells * patch))


def prepare(settings: ImageSettings, patch: int, image: Image.Image) -> Prepared:
    """Return the encoder's input for one image (any PIL mode; taken as RGB)."""
    levels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float()
    geometry = image_geometry(settings, patch, image.width, image.height)
    side = settings.size
    left, top, right, bottom = (int(edge) for edge in geometry.placed)
    resized = _resize(settings, levels, bottom - top, right - left)
    canvas, real = torch.zeros(3, side, side), torch.zeros(side, side)
    rows, cols = (slice(max(0, top), min(side, bottom)), slice(max(0, left), min(side, right)))
    canvas[:, rows, cols] = resized[
        :, rows.start - top : rows.stop - top, cols.start - left : cols.stop - left
    ]
    real[rows, cols] = 1.0
    mean, std = (torch.tensor(values)[:, None, None] for values in (settings.mean, settings.std))
    cells = side // patch
    seen = real[: cells * patch, : cells * patch].reshape(cells, patch, cells, patch)
    return Prepared((canvas - mean) / std, seen.mean(dim=(1, 3)).flatten())


def _letterbox(side: int, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, width and height of an image that keeps its shape on a square.

    The long side is scaled in float32 and cut to whole pixels, as Molmo's code does; so it is one
    pixel short of the square for a few widths. The short side is at least one pixel.
    """
    one = np.float32
    scale = min(one(side) / one(width), one(side) / one(height))
    wide, high = max(1, int(one(width) * scale)), max(1, int(one(height) * scale))
    return (side - wide) // 2, (side - high) // 2, wide, high


def _resize(settings: ImageSettings, levels: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Return [3, height, width] in 0 to 1 of [3, ...] levels 0 to 255, all in float32."""
    scaled = levels if settings.whole_levels else levels / _LEVELS
    resized = torch.nn.functional.interpolate(
        scaled[None],
        size=(height, width),
        mode=settings.resample,
        align_corners=False,
        antialias=settings.antialias,
    )[0]
    if settings.whole_levels:
        return resized.clamp(0, _LEVELS).round() / _LEVELS
    return resized.clamp(0, 1)
