"""The settings of a checkpoint's image processor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.core.errors import DataError
from harness.core.records import Record

_FILE = "preprocessor_config.json"


class CropSettings(Record):
    """How an image is cut into crops; the comments give the values of Molmo-7B-D-0924."""

    side: int
    """Width and height of a crop in pixels (336)."""
    patch: int
    """Width and height of a patch in pixels (14)."""
    pool: int = 2
    """Patches per side of a visual token's cell (2)."""
    margins: tuple[int, int]
    """Patches that a crop shares with its neighbour before and after it (4, 4)."""
    max_crops: int
    """Most high-resolution crops of an image (12)."""
    mean: tuple[float, float, float]
    """Mean of each colour, of 0..1."""
    deviation: tuple[float, float, float]
    """Standard deviation of each colour."""

    @property
    def patches(self) -> int:
        """Patches per side of a crop (24)."""
        return self.side // self.patch

    @property
    def tokens(self) -> int:
        """Visual tokens per side of a crop (12)."""
        return self.patches // self.pool

    @property
    def window(self) -> int:
        """Pixels from one crop to the next (224)."""
        return (self.patches - sum(self.margins)) * self.patch

    def grid(self, tiles: tuple[int, int]) -> tuple[int, int]:
        """Return rows and columns of visual tokens of rows and columns of crops."""
        step, margin = self.window // self.patch, sum(self.margins)
        return (tiles[0] * step + margin) // self.pool, (tiles[1] * step + margin) // self.pool


def read_settings(path: Path) -> CropSettings:
    """Return the settings in a checkpoint directory.

    Raises:
        DataError: Unreadable settings, or ones whose geometry is not known.
    """
    file = path / _FILE
    try:
        stated: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        height, width = stated["base_image_input_size"]
        tokens = (stated["image_token_length_h"], stated["image_token_length_w"])
        settings = CropSettings(
            side=height,
            patch=stated["image_patch_size"],
            margins=stated["overlap_margins"],
            max_crops=stated["max_crops"],
            mean=stated["image_mean"],
            deviation=stated["image_std"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"cannot read the image settings in {file}: {error!r}") from error
    cell = settings.patch * settings.pool
    even = settings.side % cell == 0 and not any(m % settings.pool for m in settings.margins)
    normal = stated.get("do_normalize", True) and stated.get("image_padding_mask", True)
    if width != height or tokens != (settings.tokens,) * 2 or not even or not normal:
        raise DataError(
            f"no geometry for the image settings in {file}: expected square crops of whole "
            f"{cell}-pixel cells and even margins, with normalisation and padding masks"
        )
    if settings.window < 1 or settings.max_crops < 1:
        raise DataError(f"{file}: the margins {settings.margins} leave nothing of a crop")
    return settings
