"""Qwen2-VL, Qwen2.5-VL and Qwen3-VL: one grid in the image's own shape, row by row.

The image is stretched a little, to a whole number of cells in each direction; a cell is
``merge_size`` x ``merge_size`` patches (Wang et al. 2024, arXiv 2409.12191; Bai et al. 2025,
arXiv 2502.13923). Qwen3-VL adds features of earlier encoder blocks to the residual stream after
its first blocks (DeepStack; Meng et al. 2024, arXiv 2406.04334).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from transformers.image_utils import SizeDict
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from harness.core.errors import DataError, UsageError
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.transformer import TransformersAdapter


class Qwen2VLAdapter(TransformersAdapter):
    """Any checkpoint of ``Qwen2VLForConditionalGeneration``."""

    scales_images: ClassVar[bool] = True

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return the only view: a grid that covers the whole image.

        Raises:
            DataError: The model does not take this size, or the processor's settings are a
                combination whose geometry is not known.
        """
        settings = self.processor.image_processor
        cell = settings.patch_size * settings.merge_size
        canvas = self._resized(settings, width, height, cell)
        grid = (canvas[1] // cell, canvas[0] // cell)
        return TokenLayout.single(Geometry.squash((width, height), canvas, grid))

    def _load_processor(self, path: Path) -> Any:
        """Return the processor, its limits lowered to ``max_pixels``."""
        processor = super()._load_processor(path)
        if self.max_pixels:
            settings = processor.image_processor
            least = (settings.patch_size * settings.merge_size) ** 2
            if self.max_pixels < least:
                raise UsageError(
                    f"max_pixels {self.max_pixels}: expected at least {least}, one visual token"
                )
            settings.size = SizeDict(
                shortest_edge=min(settings.size.shortest_edge, self.max_pixels),
                longest_edge=min(settings.size.longest_edge, self.max_pixels),
            )
        return processor

    def _resized(self, settings: Any, width: int, height: int, cell: int) -> tuple[int, int]:
        """Return width and height of the processor's output, multiples of ``cell``."""
        if not settings.do_resize:
            if width % cell or height % cell:
                raise DataError(
                    f"{self.facts.name}: no geometry for a {width}x{height} image with "
                    f"do_resize=False: expected multiples of {cell}"
                )
            return width, height
        size = settings.size
        if not (size and size.shortest_edge and size.longest_edge):
            raise DataError(
                f"{self.facts.name}: no geometry for {type(settings).__name__} with size={size}: "
                f"expected shortest_edge and longest_edge"
            )
        try:
            rows, cols = smart_resize(height, width, cell, size.shortest_edge, size.longest_edge)
        except ValueError as error:
            raise DataError(
                f"{self.facts.name} does not take a {width}x{height} image: {error}"
            ) from error
        return cols, rows


class Qwen25VLAdapter(Qwen2VLAdapter):
    """Any checkpoint of ``Qwen2_5_VLForConditionalGeneration``.

    Its encoder reorders patches into windows and back, so that tokens come row by row all the same.
    """


class Qwen3VLAdapter(Qwen2VLAdapter):
    """Any checkpoint of ``Qwen3VLForConditionalGeneration``."""

    def _injection_layers(self) -> tuple[int, ...]:
        """Return the first blocks, one for each encoder block whose features are added again."""
        depths = self.model.config.vision_config.deepstack_visual_indexes
        return tuple(range(min(len(depths), len(self.blocks))))
