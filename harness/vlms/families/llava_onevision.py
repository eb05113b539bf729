"""LLaVA-OneVision: as LLaVA-NeXT, but a grid of many tiles is shrunk (arXiv 2408.03326)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from harness.core.errors import DataError
from harness.vlms.families.llava_next import LlavaNextAdapter

_TOLERATED = 1.1
"""How many times too long the sides of the grid may be before the model shrinks it."""


class LlavaOnevisionAdapter(LlavaNextAdapter):
    """Any checkpoint of ``LlavaOnevisionForConditionalGeneration``."""

    # Its processor comes with one for videos, which knows no other backend than torchvision.
    processor_options: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def _shrunk(self, grid: tuple[int, int], cells: int) -> tuple[int, int]:
        """Return rows and columns after the model's own bilinear shrinking of the features.

        A token left is a mixture of the two or four nearest; its cell is its even share of all.

        Raises:
            DataError: Nothing would be left, at which the model itself stops.
        """
        rows, cols = grid
        ratio = math.sqrt(rows * cols / (self._most_tiles() * cells**2))
        if ratio <= _TOLERATED:
            return grid
        left = (int(rows // ratio), int(cols // ratio))
        if not all(left):
            raise DataError(
                f"{self.facts.name} does not take an image this long: it shrinks the {rows}x{cols} "
                f"tokens of its tiles to {left[0]}x{left[1]}; crop the image"
            )
        return left

    def _counts_patches_only(self, cells: int) -> bool:
        """Return whether the processor counts the encoder's patches and no class token."""
        strategies = {
            self.processor.vision_feature_select_strategy,
            self.model.config.vision_feature_select_strategy,
        }
        return bool(
            strategies == {"full"}
            and self.processor.num_image_tokens == cells**2
            and self.processor.vision_aspect_ratio == self.model.config.vision_aspect_ratio
            and self._most_tiles()
        )

    def _token_settings(self) -> str:
        """Return the processor's settings that :meth:`_counts_patches_only` looks at."""
        names = ("num_image_tokens", "vision_feature_select_strategy", "vision_aspect_ratio")
        return ", ".join(f"{name}={getattr(self.processor, name)!r}" for name in names)

    def _most_tiles(self) -> int:
        """Return the number of tiles beyond which the grid is shrunk, 0 if it is not stated."""
        stated = re.fullmatch(r"anyres_max_(\d+)", self.processor.vision_aspect_ratio or "")
        return int(stated[1]) if stated else 0
