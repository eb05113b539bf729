"""From the bytes of an image file to upright 8-bit RGB, or one line that says why not."""

from __future__ import annotations

import io
import struct
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from harness.core.errors import DataError

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
"""Endings of image files in a folder, in any case."""

_MAX_16_BIT: Final = 0xFFFF
_UNREADABLE: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


def decode(data: bytes, name: str) -> Image.Image:
    """Return the first frame of an encoded image as upright 8-bit RGB on white.

    The orientation tag is applied, print colours (CMYK) are converted, 16 bits are scaled to 8, and
    transparency is laid over white.

    Raises:
        DataError: ``data`` is not a whole image of a known kind; the message has ``name``.
    """
    if not data:
        raise DataError(f"cannot read image {name}: the file is empty")
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise DataError(f"cannot read image {name}: not an image of a known kind") from error
    except _UNREADABLE as error:
        raise DataError(f"cannot read image {name}: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return Image.fromarray(_to_8_bit(np.asarray(image))).convert("RGB")
    if image.mode == "F":
        raise ValueError("floating-point pixels; save it with 8 or 16 bits per channel")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def _to_8_bit(pixels: np.ndarray) -> np.ndarray:
    """Return [height, width] 16-bit values as 8-bit ones, 65535 becoming 255."""
    if pixels.min() < 0 or pixels.max() > _MAX_16_BIT:
        raise ValueError("more than 16 bits per channel; save it with 8 or 16 bits")
    scaled: np.ndarray = np.round(pixels.astype(np.float64) / 257).astype(np.uint8)
    return scaled
