"""An exact oracle for tiled layouts: the edges of every patch, put in sequence by the model's code.

The colours of a ramp are too coarse to tell a strip of six pixels in a canvas of thousands. Here
each patch has its edges as features, and where the image lies on the canvas is read off what the
real processor makes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from transformers.models.llava_next.modeling_llava_next import get_anyres_image_grid_shape

from harness.core.records import Box
from harness.vlms.geometry import Geometry
from harness.vlms.transformer import TransformersAdapter
from tests.vlms.families.packing import image
from tests.vlms.families.ramp import RAW
from tests.vlms.shapes import cells


def tile_shape(adapter: TransformersAdapter, size: tuple[int, int]) -> tuple[int, int]:
    """Return rows and columns of the tiles that a LLaVA model has of an image, by its own code."""
    config = adapter.model.config
    count: Any = get_anyres_image_grid_shape
    shape: tuple[int, int] = count(
        size[::-1], config.image_grid_pinpoints, config.vision_config.image_size
    )
    return shape


def patch_edges(shape: tuple[int, int], side: int, patch: int) -> torch.Tensor:
    """Return [tiles, patches, 4] left, top, right, bottom on a canvas of rows and columns of tiles.

    Args:
        shape: Rows and columns of tiles.
        side: Pixels along one side of a tile.
        patch: Pixels along one side of a patch; a rest of the tile belongs to none.
    """
    within = torch.arange(side // patch, dtype=torch.float64) * patch
    tiles = []
    for row in range(shape[0]):
        for col in range(shape[1]):
            top, left = torch.meshgrid(row * side + within, col * side + within, indexing="ij")
            tiles.append(torch.stack([left, top, left + patch, top + patch], -1).flatten(0, 1))
    return torch.stack(tiles)


def packed_edges(
    adapter: TransformersAdapter,
    size: tuple[int, int],
    shape: tuple[int, int],
    pack: Callable[..., Any],
    *extra: str,
) -> torch.Tensor:
    """Return [total, 4] edges on the canvas as a LLaVA model with tiles puts them in sequence.

    Tokens of the whole image and newlines have none: they are negative.
    """
    config = adapter.model.config
    edges = patch_edges(shape, config.vision_config.image_size, config.vision_config.patch_size)
    whole = torch.full_like(edges[:1], -1)
    model = SimpleNamespace(config=config)
    newline = torch.full((4,), -1, dtype=edges.dtype)
    sizes = torch.tensor([size[::-1]])
    found, _ = pack(model, [torch.cat([whole, edges])], sizes, *extra, image_newline=newline)
    result: torch.Tensor = found[0]
    return result


def image_box(adapter: TransformersAdapter, size: tuple[int, int], shape: tuple[int, int]) -> Box:
    """Return where the processor puts the image on the canvas of LLaVA's tiles, in its pixels."""
    batch = adapter.processor.image_processor(images=[image(*size)], **RAW)
    blue = np.array(batch["pixel_values"])[0, 1:, 2]
    (rows, cols), side = shape, blue.shape[-1]
    canvas = blue.reshape(rows, cols, side, side).swapaxes(1, 2).reshape(rows * side, cols * side)
    down, across = np.flatnonzero(canvas.any(1)), np.flatnonzero(canvas.any(0))
    return float(across[0]), float(down[0]), float(across[-1] + 1), float(down[-1] + 1)


def farthest_edge(view: Geometry, edges: torch.Tensor, placed: Box) -> float:
    """Return how far an edge of any cell is from that of its patch, at most, in canvas pixels.

    Args:
        view: One token for each patch.
        edges: [total, 4] edges of the patches on the canvas, in sequence.
        placed: Where the image is on the canvas; cells are cut off where it ends.
    """
    scale, origin = _scale(view, placed), np.array(placed[:2] * 2)
    low, high = np.array(placed[:2] * 2), np.array(placed[2:] * 2)
    found = np.array([view.cell_box(*cell) for cell in cells(view)]) * scale + origin
    expected = edges[list(view.token_indices())].numpy().clip(low, high)
    return float(np.abs(found - expected).max())


def farthest_middle(view: Geometry, edges: torch.Tensor, placed: Box) -> float:
    """Return how far the middle of any whole cell is from that of what its token is mixed of."""
    scale, origin = _scale(view, placed), np.array(placed[:2] * 2)
    worst = 0.0
    for cell in cells(view):
        if view.real(*cell):
            found = np.array(view.cell_box(*cell)) * scale + origin
            off = found - edges[view.token_index(*cell)].numpy()
            worst = max(worst, float(np.abs(off[:2] + off[2:]).max() / 2))
    return worst


def _scale(view: Geometry, placed: Box) -> np.ndarray:
    width, height = view.image_size
    across, down = (placed[2] - placed[0]) / width, (placed[3] - placed[1]) / height
    return np.array([across, down, across, down])
