"""Molmo2: the whole image small, then large from overlapping crops; both row by row.

Patches that two crops share are used once, so the large view is one grid without seams. A token
pools ``pooling_size`` patches; where the patches do not divide evenly, the outer cells pool fewer.
Image features are added to the placeholder's embedding, and image tokens see each other both ways
(Clark et al. 2026, arXiv 2601.10611).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from harness.core.errors import DataError
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.transformer import TransformersAdapter


class Molmo2Adapter(TransformersAdapter):
    """Any checkpoint of ``Molmo2ForConditionalGeneration``."""

    feature_entry: ClassVar[Literal["replace", "add"]] = "add"

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return the small view ("global") and, behind it, the large one ("tiles").

        Separators have ids of their own and are no visual tokens.

        Raises:
            DataError: The processor's settings are a combination whose geometry is not known.
        """
        from transformers.models.molmo2.image_processing_molmo2 import compute_crop_geometry

        settings = self.processor.image_processor
        side = self._side(settings)
        _, _, large_height, large_width = compute_crop_geometry(
            height, width, settings.max_crops, settings.overlap_margins, side, settings.patch_size
        )
        small = _pooled(settings, (width, height), (side, side), 0)
        large = _pooled(settings, (width, height), (large_width, large_height), small.tokens)
        return TokenLayout(
            total=small.tokens + large.tokens, views={"global": small, "tiles": large}
        )

    def _side(self, settings: Any) -> int:
        """Return the pixels along one side of a crop."""
        size, patch, margins = settings.size, settings.patch_size, settings.overlap_margins
        side = int(size.height or 0)
        known = size.height == size.width and side % patch == 0 and side // patch > sum(margins)
        if not known:
            raise DataError(
                f"{self.facts.name}: no geometry for {type(settings).__name__} with size={size}, "
                f"patch_size={patch}, overlap_margins={list(margins)}"
            )
        return side


def _pooled(
    settings: Any, image_size: tuple[int, int], resized: tuple[int, int], first_token: int
) -> Geometry:
    """Return the grid of an image stretched to ``resized`` pixels whose patches are pooled.

    Rows and columns of patches that are missing for whole cells are missing at both ends, one more
    at the far end, as the processor has it. The canvas includes them, so all cells are equal.
    """
    patch = settings.patch_size
    pool_rows, pool_cols = settings.pooling_size
    cols, left = _ends(resized[0] // patch, pool_cols)
    rows, top = _ends(resized[1] // patch, pool_rows)
    return Geometry(
        image_size=image_size,
        canvas=(cols * pool_cols * patch, rows * pool_rows * patch),
        mode="pad",
        grid=(rows, cols),
        placed=(
            float(left * patch),
            float(top * patch),
            float(left * patch + resized[0]),
            float(top * patch + resized[1]),
        ),
        first_token=first_token,
    )


def _ends(patches: int, pool: int) -> tuple[int, int]:
    """Return the cells that ``patches`` fill and the patches missing in front of them."""
    cells = -(-patches // pool)
    return cells, (cells * pool - patches) // 2
