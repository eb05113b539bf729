"""Idefics3 and SmolVLM: tiles first, the whole image last (Laurençon et al. 2024, 2408.12637).

The image is stretched to whole tiles, so neither view has padding. A pixel shuffle joins
``scale_factor`` x ``scale_factor`` patches to one token.

If the side of a tile is no multiple of the patch, the encoder leaves out a strip of pixels behind
the last patch of every tile.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from harness.core.errors import DataError
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.seams import Seams
from harness.vlms.transformer import TransformersAdapter

_LONGEST = 4096
"""Longest edge the processor ever resizes to, whatever its settings say."""


class Idefics3Adapter(TransformersAdapter):
    """Any checkpoint of ``Idefics3ForConditionalGeneration``."""

    # The two backends resize slightly differently; this one does not depend on torchvision.
    processor_options: ClassVar[Mapping[str, Any]] = MappingProxyType({"backend": "pil"})

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return the tiles ("tiles"), tile by tile, and behind them the whole image ("global").

        An image that fits one tile is not cut: both views are then the whole image.

        Raises:
            DataError: The settings are a combination whose geometry is not known.
        """
        settings = self.processor.image_processor
        side, seen, cells = self._tile()
        size = (width, height)
        whole = Geometry.squash(size, (side, side), (cells, cells)).trimmed((seen, seen))
        rows, cols = 1, 1
        if settings.do_image_splitting:
            rows, cols = tiles(size, settings.size.longest_edge, side)
        if rows * cols == 1:
            return TokenLayout(total=whole.tokens, views={"global": whole, "tiles": whole})
        stretched = Geometry.squash(size, (cols * side, rows * side), (rows * cells, cols * cells))
        strip = side - seen
        cut = stretched.trimmed((cols * side - strip, rows * side - strip))
        seams = Seams(tile=(side, side), seen=(seen, seen)) if strip else None
        return TokenLayout(
            total=cut.tokens + whole.tokens,
            views={
                "global": whole.model_copy(update={"first_token": cut.tokens}),
                "tiles": cut.model_copy(update={"tile": (cells, cells), "seams": seams}),
            },
        )

    def _tile(self) -> tuple[int, int, int]:
        """Return the side of a tile in pixels, in pixels seen and in tokens.

        Raises:
            DataError: The settings are a combination whose geometry is not known.
        """
        settings, model = self.processor.image_processor, self.model.config
        side, longest = settings.max_image_size["longest_edge"], settings.size.longest_edge
        patch = model.vision_config.patch_size
        cells, uneven = divmod(side // patch, model.scale_factor)
        if (
            not settings.do_resize
            or not longest
            or uneven
            or self.processor.image_seq_len != cells**2
        ):
            raise DataError(
                f"{self.facts.name}: no geometry for {type(settings).__name__} with "
                f"do_resize={settings.do_resize}, size={settings.size}, "
                f"max_image_size={settings.max_image_size} and "
                f"image_seq_len={self.processor.image_seq_len}, where the model has "
                f"patch_size={patch}, scale_factor={model.scale_factor}"
            )
        return side, side // patch * patch, cells


class SmolVLMAdapter(Idefics3Adapter):
    """Any checkpoint of ``SmolVLMForConditionalGeneration``."""

    # Its processor comes with one for videos, which knows no other backend than torchvision.
    processor_options: ClassVar[Mapping[str, Any]] = MappingProxyType({})


def tiles(size: tuple[int, int], longest: int, side: int) -> tuple[int, int]:
    """Return rows and columns of tiles of an image of ``size`` (width, height); 1, 1 if not cut.

    The longest edge is brought to ``longest`` pixels, then to whole tiles of ``side`` pixels, and
    the other edge follows the shape that is left each time before it is rounded up to whole tiles.
    """
    width, height = _bounded(*_resized(*size, longest))
    shape = width / height
    if width >= height:
        cols = math.ceil(width / side)
        rows = math.ceil(int(cols * side / shape) / side)
    else:
        rows = math.ceil(height / side)
        cols = math.ceil(int(rows * side * shape) / side)
    return rows, cols


def _resized(width: int, height: int, longest: int) -> tuple[int, int]:
    """Return width and height with the longest edge at ``longest``, the other one made even."""
    shape = width / height
    if width >= height:
        short = int(longest / shape)
        return longest, max(1, short + short % 2)
    short = int(longest * shape)
    return max(1, short + short % 2), longest


def _bounded(width: int, height: int) -> tuple[int, int]:
    """Return width and height with the longest edge no longer than the processor's limit."""
    shape = width / height
    if width >= height and width > _LONGEST:
        return _LONGEST, max(1, int(_LONGEST / shape))
    if height > width and height > _LONGEST:
        return max(1, int(_LONGEST * shape)), _LONGEST
    return width, height
