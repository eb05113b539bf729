"""An image whose colour says where it is: an oracle for layouts that needs no model.

Red grows from left to right and green from top to bottom, so the mean colour of the pixels that a
token is made of is the place it looks at.
"""

from __future__ import annotations

import copy
from typing import Any, Final

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from harness.vlms.geometry import Geometry
from harness.vlms.transformer import TransformersAdapter
from tests.vlms.shapes import cells

_TOP: Final = 255.0
RAW: Final = {"do_normalize": False, "do_rescale": False, "return_tensors": "np"}
"""What makes an image processor return colours as they are."""
sizes = st.tuples(st.integers(1, 400), st.integers(1, 400))


def ramp(width: int, height: int) -> Image.Image:
    """Return an image with red = place from left, green = place from top, both of 0 to 255."""
    pixels = np.zeros((height, width, 3))
    pixels[..., 0] = (np.arange(width) + 0.5) * _TOP / width
    pixels[..., 1] = ((np.arange(height) + 0.5) * _TOP / height)[:, None]
    return Image.fromarray(np.round(pixels).astype(np.uint8))


def farthest(geometry: Geometry, colours: np.ndarray) -> float:
    """Return how far the colours are from where the cells are, at most, in cells.

    Args:
        geometry: The view.
        colours: [tokens, 2] mean red and green of all visual tokens, in order.

    A pixel wide is what interpolation can be off by at the border of an enlarged image, two levels
    of colour what rounding can; they are allowed for.
    """
    extent = np.array(geometry.image_size, dtype=float)
    worst = 0.0
    for row, col in cells(geometry):
        left, top, right, bottom = geometry.cell_box(row, col)
        middle = np.array([left + right, top + bottom]) / 2
        off = np.abs(colours[geometry.token_index(row, col)] / _TOP * extent - middle)
        off = np.maximum(0.0, off - 0.5 - 2 * extent / _TOP)
        worst = max(worst, float((off / np.array([right - left, bottom - top])).max()))
    return worst


def with_settings(adapter: TransformersAdapter, **settings: Any) -> Any:
    """Return a copy of an adapter whose image processor has other settings."""
    images = adapter.processor.image_processor
    other = copy.copy(adapter)
    other.processor = copy.copy(adapter.processor)
    other.processor.image_processor = type(images).from_dict(images.to_dict() | settings)
    return other
