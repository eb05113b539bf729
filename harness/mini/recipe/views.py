"""Training pictures: a drawn scene as pixels and as dense labels per patch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from harness.mini.recipe.architecture import GRID, IMAGE_SIZE, PATCH_SIZE, PIXEL_MEAN, PIXEL_STD
from harness.mini.scenes import (
    COLOURS,
    KINDS,
    MATERIALS,
    PARTS,
    Drawing,
    Scene,
    draw_scene,
    sample_scene,
)

KIND_NAMES: Final = tuple(KINDS)
COLOUR_NAMES: Final = tuple(COLOURS)
IGNORED: Final = -100
TRAINING_SEED: Final = 1_000_000
"""Training scenes have seeds from here on; held-out scenes lie below."""
_LEAST_PART: Final = 0.08
_LEAST_SHARE: Final = 0.2
"""An object owns a patch if it covers at least this share and more than any other object."""


def patch_owners(drawing: Drawing, count: int) -> npt.NDArray[np.int64]:
    """Return [81] the index of the object that owns each patch, -1 for background."""
    cells = drawing.object_map.reshape(GRID, PATCH_SIZE, GRID, PATCH_SIZE)
    shares = np.stack([(cells == i).mean(axis=(1, 3)).reshape(-1) for i in range(count)])
    best = shares.argmax(axis=0)
    return np.where(shares.max(axis=0) >= _LEAST_SHARE, best, -1)


def patch_parts(drawing: Drawing) -> npt.NDArray[np.int64]:
    """Return [81, parts] 1 where a named part covers a patch by at least 8 %."""
    cells = drawing.part_map.reshape(GRID, PATCH_SIZE, GRID, PATCH_SIZE).transpose(0, 2, 1, 3)
    flat = cells.reshape(GRID * GRID, -1).astype(np.int64) + 1
    size = len(PARTS) + 1
    offsets = np.arange(GRID * GRID)[:, None] * size
    counts = np.bincount((flat + offsets).ravel(), minlength=GRID * GRID * size)
    share = counts.reshape(GRID * GRID, size)[:, 1:] / PATCH_SIZE**2
    return (share >= _LEAST_PART).astype(np.int64)


def patch_labels(scene: Scene, drawing: Drawing) -> npt.NDArray[np.int16]:
    """Return [81, 4 + parts]: kind (48 = background), colour, material, region, then parts.

    The first four are class numbers, -100 where the question does not apply; parts are 0 or 1.
    """
    owners = patch_owners(drawing, len(scene.objects))
    middle = slice(PATCH_SIZE // 2, None, PATCH_SIZE)
    region = drawing.region_map[middle, middle].reshape(-1).astype(np.int64)
    kinds = np.array([KIND_NAMES.index(o.kind) for o in scene.objects] + [len(KIND_NAMES)])
    colours = np.array([COLOUR_NAMES.index(o.colour) for o in scene.objects] + [IGNORED])
    looks = np.array([MATERIALS.index(o.material) for o in scene.objects] + [IGNORED])
    region = np.where(owners < 0, region, IGNORED)
    columns = np.stack([kinds[owners], colours[owners], looks[owners], region], axis=1)
    return np.concatenate([columns, patch_parts(drawing)], axis=1).astype(np.int16)


class Views(Dataset[tuple[Tensor, Tensor]]):
    """Scenes drawn on demand: item i is the scene of seed ``first + i``."""

    def __init__(self, first: int) -> None:
        """Start at seed ``first``."""
        self.first = first

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return uint8 pixels [3, 144, 144] and labels [81, 4 + parts]."""
        scene = sample_scene(self.first + index)
        drawing = draw_scene(scene, IMAGE_SIZE)
        pixels = torch.from_numpy(drawing.image).permute(2, 0, 1).contiguous()
        return pixels, torch.from_numpy(patch_labels(scene, drawing))


def normalise(pixels: Tensor) -> Tensor:
    """Return float pixels as the image processor would, from uint8 [b, 3, h, w]."""
    return (pixels.float() / 255.0 - PIXEL_MEAN) / PIXEL_STD


def batches(dataset: Dataset[Any], size: int, first: int, last: int) -> Iterator[Sequence[Tensor]]:
    """Yield batch ``first`` to ``last`` (exclusive) of a dataset, drawn by one other process."""
    order = range(first * size, last * size)
    return iter(DataLoader(dataset, size, sampler=order, num_workers=1, prefetch_factor=8))
