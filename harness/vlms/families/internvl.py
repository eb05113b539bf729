"""InternVL: square tiles in an arrangement near the image's shape, then a thumbnail of it all.

The image is stretched to the arrangement and, for the thumbnail, to one tile; the tokens of a tile
are neighbouring patches merged by pixel shuffle (Chen et al. 2024, arXiv 2404.16821).
"""

from __future__ import annotations

from typing import Any

from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import get_optimal_tiled_canvas

from harness.core.errors import DataError
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.transformer import TransformersAdapter


class InternVLAdapter(TransformersAdapter):
    """Any checkpoint of ``InternVLForConditionalGeneration``."""

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return tiles and thumbnail; an image of one tile has no thumbnail and needs none.

        Raises:
            DataError: The processor's settings are a combination whose geometry is not known.
        """
        settings = self.processor.image_processor
        side, tokens = self._tile(settings)
        cols, rows = self._arrangement(settings, width, height, side)
        image = (width, height)
        tiles = Geometry.squash(image, (cols * side, rows * side), (rows * tokens, cols * tokens))
        if rows * cols == 1:
            return TokenLayout(total=tiles.tokens, views={"global": tiles, "tiles": tiles})
        tiles = tiles.model_copy(update={"tile": (tokens, tokens)})
        thumbnail = Geometry.squash(image, (side, side), (tokens, tokens))
        thumbnail = thumbnail.model_copy(update={"first_token": tiles.tokens})
        return TokenLayout(
            total=tiles.tokens + thumbnail.tokens, views={"global": thumbnail, "tiles": tiles}
        )

    def _arrangement(self, settings: Any, width: int, height: int, side: int) -> tuple[int, int]:
        """Return columns and rows of tiles."""
        # The processor's own default goes before that of its image processor.
        cut = self.processor.images_kwargs.get("crop_to_patches", settings.crop_to_patches)
        if not cut or settings.max_patches == 1:
            return 1, 1
        cols, rows = get_optimal_tiled_canvas(
            (height, width), (side, side), settings.min_patches, settings.max_patches
        )
        return cols, rows

    def _tile(self, settings: Any) -> tuple[int, int]:
        """Return the pixels and the tokens along one side of a tile."""
        config = self.model.config
        size, patches = settings.size, config.vision_config.patch_size
        patch = patches[0]
        side = size.height or 0
        tokens = int(side // patch * config.downsample_ratio)
        known = (
            settings.do_resize
            and size.height == size.width
            and patches[0] == patches[1]
            and side % patch == 0
            and config.vision_feature_select_strategy == "default"
            and 0 < tokens**2 == self.processor.image_seq_length
        )
        if not known:
            raise DataError(
                f"{self.facts.name}: no geometry for {type(settings).__name__} with "
                f"do_resize={settings.do_resize}, size={size}, patch_size={patches}, "
                f"downsample_ratio={config.downsample_ratio}, vision_feature_select_strategy="
                f"{config.vision_feature_select_strategy!r}, "
                f"image_seq_length={self.processor.image_seq_length}"
            )
        return side, tokens
