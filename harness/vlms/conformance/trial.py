"""One model in front of one drawn picture: what a check is given, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from harness.core.errors import LensbenchError

if TYPE_CHECKING:
    from harness.core.records import Box
    from harness.vlms.base import Adapter, VisualTokens
    from harness.vlms.conformance.report import Verdict
    from harness.vlms.layout import TokenLayout

SHAPES: Final = ((150, 90), (90, 200), (320, 170), (64, 64))
"""Width and height of the pictures that a model is tried on, before they are enlarged."""

_PAINT: Final = (255, 0, 255)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check saw on one picture, or on one view of it."""

    verdict: Verdict
    measured: str
    view: str = ""


def outcome(passed: bool, measured: str, view: str = "") -> Outcome:
    """Return the outcome of a check that applies."""
    return Outcome("passed" if passed else "failed", measured, view)


@dataclass(frozen=True)
class Trial:
    """One model and the size of one picture."""

    adapter: Adapter
    size: tuple[int, int]
    """Width and height of the picture."""
    cells: int | None
    """How many cells of each view are painted; None for all."""

    @cached_property
    def image(self) -> Image.Image:
        """The picture."""
        return picture(self.size)

    @cached_property
    def layout(self) -> TokenLayout:
        """All visual tokens of the picture, as the adapter declares them."""
        return self.adapter.layout(*self.size)

    @cached_property
    def last(self) -> int:
        """Number of the last layer, N."""
        return self.adapter.facts.layers

    @cached_property
    def tokens(self) -> VisualTokens:
        """Visual tokens of the picture at the layers 0 and N."""
        return self.adapter.encode(self.image, (0, self.last))


def trials(adapter: Adapter, cells: int | None) -> tuple[Trial, ...]:
    """Return a trial for each of :data:`SHAPES`, enlarged where the model would enlarge it.

    A picture that the model enlarges has cells of few pixels, in which nothing could be painted.
    """
    return tuple(Trial(adapter, _enlarged(adapter, shape), cells) for shape in SHAPES)


def picture(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Return coarse noise of middle tones with ``size`` = (width, height)."""
    width, height = size
    generator = np.random.default_rng(seed)
    coarse = generator.integers(60, 190, (-(-height // 8), -(-width // 8), 3), dtype=np.uint8)
    pixels = coarse.repeat(8, axis=0).repeat(8, axis=1)[:height, :width]
    return Image.fromarray(np.ascontiguousarray(pixels))


def painted(image: Image.Image, boxes: Iterable[Box], share: float) -> Image.Image:
    """Return a copy in which a share of each box's area, around its middle, has another colour.

    Args:
        image: The picture.
        boxes: Boxes in its pixels; at least one pixel of each is painted.
        share: Share of the area, above 0 and at most 1.
    """
    copy = image.copy()
    for left, top, right, bottom in boxes:
        x, wide = _inset(left, right, math.sqrt(share))
        y, high = _inset(top, bottom, math.sqrt(share))
        copy.paste(_PAINT, (x, y, x + wide, y + high))
    return copy


def _inset(low: float, high: float, share: float) -> tuple[int, int]:
    """Return start and length in whole pixels of the middle of an interval."""
    length = max(1, round((high - low) * share))
    return max(0, round((low + high - length) / 2)), length


def _enlarged(adapter: Adapter, shape: tuple[int, int]) -> tuple[int, int]:
    try:
        views = adapter.layout(*shape).views.values()
    except LensbenchError:
        # Every check of this size will say so.
        return shape
    factor = max(1, *(math.ceil(max(view.scale) - 1e-6) for view in views))
    return shape[0] * factor, shape[1] * factor
