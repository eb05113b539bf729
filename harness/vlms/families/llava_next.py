"""LLaVA-NeXT: the whole image as a square, then enlarged tiles stitched to one grid ("anyres").

The tiles of the best fitting resolution are laid side by side, rows and columns of tokens that see
padding only are dropped, and a learned newline token ends each row (Liu et al. 2024,
https://llava-vl.github.io/blog/2024-01-30-llava-next).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from transformers.image_processing_utils import select_best_resolution

from harness.core.errors import DataError
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.seams import Seams
from harness.vlms.transformer import TransformersAdapter


@dataclass(frozen=True, slots=True)
class Tiling:
    """How a checkpoint cuts images into square tiles."""

    side: int
    """Pixels along one side of a tile."""
    patch: int
    """Pixels along one side of an encoder patch, which is one token."""
    resolutions: tuple[tuple[int, int], ...]
    """Canvas sizes on offer as (height, width), multiples of ``side``."""

    @property
    def cells(self) -> int:
        """Tokens along one side of a tile; pixels beyond the last whole patch are not seen."""
        return self.side // self.patch

    @property
    def seen(self) -> int:
        """Pixels along one side of a tile that its tokens look at."""
        return self.cells * self.patch


@dataclass(frozen=True, slots=True)
class Stitched:
    """The tokens of all tiles in one grid, without those that see padding only."""

    dropped: tuple[int, int]
    """Rows of tokens dropped at the top, columns dropped at the left; as many at the far end."""
    grid: tuple[int, int]
    """Rows and columns of tokens left; none of either for an extremely long image."""


class LlavaNextAdapter(TransformersAdapter):
    """Any checkpoint of ``LlavaNextForConditionalGeneration``."""

    # The two backends resize slightly differently; this one does not depend on torchvision.
    processor_options: ClassVar[Mapping[str, Any]] = MappingProxyType({"backend": "pil"})

    def layout(self, width: int, height: int) -> TokenLayout:
        """Return the square view ("global"), then the stitched tiles ("tiles") with newlines.

        Where no column of tokens is left of the tiles, as for a 1x5000 image, the model has only
        newlines there, and "tiles" is the square view as well.

        Raises:
            DataError: The settings are a combination whose geometry is not known.
        """
        tiling = self._tiling()
        size, cells = (width, height), tiling.cells
        square = Geometry.squash(size, (tiling.side, tiling.side), (cells, cells))
        whole = square.trimmed((tiling.seen, tiling.seen))
        stitched = stitch(size, tiling)
        rows, cols = self._shrunk(stitched.grid, cells)
        tiles = whole
        if rows and cols:
            tiles = stitched_geometry(size, tiling, stitched, (rows, cols))
        return TokenLayout(
            total=whole.tokens + rows * (cols + 1), views={"global": whole, "tiles": tiles}
        )

    def _shrunk(self, grid: tuple[int, int], cells: int) -> tuple[int, int]:
        """Return rows and columns that the model keeps of the stitched grid: here, all."""
        return grid

    def _tiling(self) -> Tiling:
        """Return the settings; DataError if processor and model leave the geometry open."""
        settings, model = self.processor.image_processor, self.model.config
        vision = model.vision_config
        resolutions = tuple((int(high), int(wide)) for high, wide in settings.image_grid_pinpoints)
        edges = set(dict(settings.size).values()) | set(dict(settings.crop_size or {}).values())
        known = (
            settings.do_resize
            and edges == {vision.image_size}
            and resolutions
            and not any(edge % vision.image_size for pair in resolutions for edge in pair)
            and sorted(resolutions) == sorted(map(tuple, model.image_grid_pinpoints))
            and self._counts_patches_only(vision.image_size // vision.patch_size)
        )
        if not known:
            raise DataError(
                f"{self.facts.name}: no geometry for {type(settings).__name__} with "
                f"do_resize={settings.do_resize}, size={settings.size}, "
                f"crop_size={settings.crop_size}, image_grid_pinpoints={list(resolutions)} and "
                f"{self._token_settings()}, where the model has image_size={vision.image_size}, "
                f"patch_size={vision.patch_size}, "
                f"image_grid_pinpoints={model.image_grid_pinpoints}, "
                f"vision_feature_select_strategy={model.vision_feature_select_strategy!r}"
            )
        return Tiling(vision.image_size, vision.patch_size, resolutions)

    def _counts_patches_only(self, cells: int) -> bool:
        """Return whether the processor counts the encoder's patches and no class token."""
        dropped = self.processor.vision_feature_select_strategy == "default"
        return bool(
            self.processor.vision_feature_select_strategy
            == self.model.config.vision_feature_select_strategy
            and self.processor.num_additional_image_tokens == int(dropped)
            and self.processor.patch_size == self.model.config.vision_config.patch_size
        )

    def _token_settings(self) -> str:
        """Return the processor's settings that :meth:`_counts_patches_only` looks at."""
        names = ("patch_size", "num_additional_image_tokens", "vision_feature_select_strategy")
        return ", ".join(f"{name}={getattr(self.processor, name)!r}" for name in names)


def stitch(size: tuple[int, int], tiling: Tiling) -> Stitched:
    """Return the grid of tokens that an image of ``size`` (width, height) gets from its tiles.

    The image keeps its shape on the canvas and is centred. How much of it is padding is measured
    in tokens and rounded down twice, for the image and for each side of the padding, so the outer
    rows or columns may hold some padding, or some image may be cut off there.
    """
    width, height = size
    high, wide = _best_resolution(size, tiling)
    rows, cols = high // tiling.side * tiling.cells, wide // tiling.side * tiling.cells
    top = left = 0
    if width / height > cols / rows:
        top = (rows - int(round(height * (cols / width), 7))) // 2
    else:
        left = (cols - int(round(width * (rows / height), 7))) // 2
    return Stitched((top, left), (rows - 2 * top, cols - 2 * left))


def stitched_geometry(
    size: tuple[int, int], tiling: Tiling, stitched: Stitched, grid: tuple[int, int]
) -> Geometry:
    """Return the geometry of the tile view; its canvas is what the tokens left look at.

    If the side of a tile is no multiple of the patch, the encoder leaves out a strip of pixels
    behind the last patch of every tile, and the canvas has seams.

    Args:
        size: Width and height of the original image.
        tiling: How the checkpoint cuts tiles.
        stitched: Tokens of the tiles.
        grid: Rows and columns of visual tokens; fewer than ``stitched`` has if the model shrinks.
    """
    resized, pasted = _pasted(size, _best_resolution(size, tiling))
    rows, cols = stitched.grid
    across = _kept(tiling, stitched.dropped[1], cols)
    down = _kept(tiling, stitched.dropped[0], rows)
    left, top = pasted[0] - across.start, pasted[1] - down.start
    seams = None
    if tiling.seen < tiling.side:
        seams = Seams(
            tile=(tiling.side, tiling.side),
            seen=(tiling.seen, tiling.seen),
            begin=(across.begin, down.begin),
        )
    return Geometry(
        image_size=size,
        canvas=(across.length, down.length),
        mode="pad",
        grid=grid,
        placed=(left, top, left + resized[0], top + resized[1]),
        first_token=tiling.cells**2,
        row_stride=grid[1] + 1,
        seams=seams,
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is left along one side of a line of tiles when tokens at its ends are dropped."""

    start: int
    """Pixels of the tiles before the first token left."""
    length: int
    """Pixels from there to the end of the last token, strips between tiles included."""
    begin: int
    """Seen pixels dropped of the first tile that has tokens left."""


def _kept(tiling: Tiling, dropped: int, left: int) -> _Kept:
    """Return the part of a line of tiles with ``left`` tokens, of which ``dropped`` come before."""
    tiles, begin = divmod(dropped * tiling.patch, tiling.seen)
    last = (dropped + left - 1) // tiling.cells
    strips = (last - tiles) * (tiling.side - tiling.seen)
    return _Kept(tiles * tiling.side + begin, left * tiling.patch + strips, begin)


def _best_resolution(size: tuple[int, int], tiling: Tiling) -> tuple[int, int]:
    """Return height and width of the canvas that the processor chooses."""
    high, wide = select_best_resolution((size[1], size[0]), list(tiling.resolutions))
    return int(high), int(wide)


def _pasted(
    size: tuple[int, int], canvas: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return (width, height) of the resized image and (left, top) of where it is pasted."""
    width, height = size
    high, wide = canvas
    if wide / width < high / height:
        resized = (wide, min(math.ceil(height * (wide / width)), high))
    else:
        resized = (min(math.ceil(width * (high / height)), wide), high)
    return resized, ((wide - resized[0]) // 2, (high - resized[1]) // 2)
