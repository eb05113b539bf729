"""Which pixels of an image an annotation covers, from its polygons, run lengths or box.

The formats are those of the COCO annotation files (Lin et al. 2014, arXiv 1405.0312; data format on
cocodataset.org). A pixel belongs to a polygon or box if its centre does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
"""Pixels [height, width] of an image."""

_FIRST_DIGIT: Final = 48
_DIGIT_BITS: Final = 5
_VALUE: Final = 0x1F
_SIGN: Final = 0x10
_MORE: Final = 0x20
_LONGEST_DIGITS: Final = 8


def from_polygons(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> Mask:
    """Return the union of polygons ``x1, y1, x2, y2, ...``; each is filled by the even-odd rule.

    Args:
        polygons: Corners in pixels of the image.
        size: Width and height of the image.

    Raises:
        ValueError: A polygon has fewer than three corners, or a corner without y.
    """
    width, height = size
    mask = np.zeros((height, width), np.bool_)
    for polygon in polygons:
        if len(polygon) < 6 or len(polygon) % 2:
            raise ValueError(f"a polygon of {len(polygon)} numbers; expected x, y of 3 or more")
        mask |= _filled(np.asarray(polygon, np.float64).reshape(-1, 2), size)
    return mask


def from_box(box: Sequence[float], size: tuple[int, int]) -> Mask:
    """Return the pixels of a box ``left, top, width, height``."""
    left, top, width, height = box
    right, bottom = left + width, top + height
    return from_polygons([(left, top, right, top, right, bottom, left, bottom)], size)


def from_runs(counts: Sequence[int] | str, size: tuple[int, int]) -> Mask:
    """Return the pixels of a run-length code: lengths of background and mask in turn.

    Pixels are counted down the columns, from the left.

    Args:
        counts: The lengths, or the compact string of them.
        size: Width and height of the image.

    Raises:
        ValueError: The lengths do not add up to the pixels of the image, or the string is broken.
    """
    width, height = size
    lengths = _lengths(counts) if isinstance(counts, str) else list(counts)
    if any(length < 0 for length in lengths) or sum(lengths) != width * height:
        raise ValueError(f"run lengths do not fill {width}x{height} pixels")
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths).reshape(width, height).T


def _filled(corners: npt.NDArray[np.float64], size: tuple[int, int]) -> Mask:
    """Return the pixels whose centres are in a polygon [corners, 2], by even-odd rule."""
    width, height = size
    # Rows that the polygon does not reach are left alone.
    first, last = np.clip([np.floor(corners[:, 1].min()), np.ceil(corners[:, 1].max())], 0, height)
    centres = np.arange(first, last) + 0.5
    # How often an edge is crossed; only whether that is odd matters, so it may overflow.
    crossings = np.zeros((len(centres), width + 1), np.uint8)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        rows = np.flatnonzero((y0 <= centres) != (y1 <= centres))
        if not len(rows):
            continue
        across = x0 + (centres[rows] - y0) * (x1 - x0) / (y1 - y0)
        # The first pixel whose centre is right of the edge; the edge turns all from there on.
        columns = np.clip(np.ceil(across - 0.5), 0, width).astype(np.int64)
        crossings[rows, columns] += 1
    inside: Mask = np.zeros((height, width), np.bool_)
    parity = np.cumsum(crossings, axis=1, dtype=np.uint8) % 2
    inside[int(first) : int(last)] = parity[:, :width] == 1
    return inside


def _lengths(code: str) -> list[int]:
    """Return the run lengths of a compact string.

    Each number is written in groups of five bits, lowest first, as characters from ``0`` on; the
    sixth bit says that more follow, the highest bit of the last group is the sign. From the fourth
    number on, the difference from the number two before is written.
    """
    lengths: list[int] = []
    value = digits = 0
    for character in code:
        group = ord(character) - _FIRST_DIGIT
        if not 0 <= group < 2 * _MORE or digits == _LONGEST_DIGITS:
            raise ValueError("not a compact string of run lengths")
        value |= (group & _VALUE) << (_DIGIT_BITS * digits)
        digits += 1
        if group & _MORE:
            continue
        if group & _SIGN:
            value -= 1 << (_DIGIT_BITS * digits)
        lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
        value = digits = 0
    if digits:
        raise ValueError("a compact string of run lengths that breaks off")
    return lengths
