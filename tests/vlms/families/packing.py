"""An oracle for tiled layouts: colours that say where they are, through processor and packing.

What the real image processor makes of a ramp is averaged patch by patch and put in sequence by the
real model's own code, so every visual token gets the place that it looks at.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from harness.vlms.layout import TokenLayout
from harness.vlms.transformer import TransformersAdapter
from tests.vlms.families.ramp import RAW, farthest, ramp, with_settings

_NOWHERE: Final = -1.0
"""Colour of tokens that stand for no part of the image."""


def image(width: int, height: int) -> Image.Image:
    """Return a ramp that is fully blue, so that padding can be told from image."""
    pixels = np.asarray(ramp(width, height)).copy()
    pixels[..., 2] = 255
    return Image.fromarray(pixels)


def tiles(adapter: TransformersAdapter, size: tuple[int, int], side: int) -> torch.Tensor:
    """Return [tiles, tokens per tile, 3] mean colours; ``side`` is that of a token in pixels."""
    batch = adapter.processor.image_processor(images=[image(*size)], **RAW)
    pixels = torch.tensor(np.array(batch["pixel_values"]), dtype=torch.float32)
    if pixels.ndim == 5:  # Families with tiles have them all for each image.
        pixels = pixels[0]
    cells = pixels.shape[-1] // side
    seen = pixels[..., : cells * side, : cells * side]
    split = seen.reshape(-1, 3, cells, side, cells, side).mean((3, 5))
    return split.permute(0, 2, 3, 1).flatten(1, 2)


def packed(
    adapter: TransformersAdapter, size: tuple[int, int], pack: Callable[..., Any], *extra: str
) -> torch.Tensor:
    """Return [total, 3] colours of the visual tokens of a LLaVA model with tiles.

    Args:
        adapter: The model.
        size: Width and height of the image.
        pack: The model class's method that puts features of tiles in sequence.
        extra: Further arguments of that method.
    """
    config = adapter.model.config
    colours = tiles(adapter, size, config.vision_config.patch_size)
    newline = torch.full((3,), _NOWHERE)
    model = SimpleNamespace(config=config)
    found, _ = pack(model, [colours], torch.tensor([size[::-1]]), *extra, image_newline=newline)
    result: torch.Tensor = found[0]
    return result


def placeholders(adapter: TransformersAdapter, size: tuple[int, int]) -> int:
    """Return how many visual tokens the processor makes room for."""
    token = adapter.processor.image_token
    ids = adapter.processor(images=[image(*size)], text=[token])["input_ids"][0]
    return int(list(ids).count(adapter.model.config.image_token_id))


def worst(layout: TokenLayout, colours: torch.Tensor) -> float:
    """Return how far any cell is from where its token looks, in cells; infinite for a mix-up."""
    separators = list(layout.separators)
    claimed = sorted(set(range(layout.total)) - set(separators))
    if (colours[separators] != _NOWHERE).any() or (colours[claimed, 2] <= 0).any():
        return float("inf")
    # Padding is black: the place is that of the part of the cell that shows image.
    places = (255 * colours[:, :2] / colours[:, 2:].abs()).numpy()
    return max(farthest(view, places) for view in layout.views.values())


def resized(
    adapter: TransformersAdapter, vision: dict[str, Any], model: dict[str, Any], **settings: Any
) -> Any:
    """Return a copy of an adapter as it would be for a checkpoint of other sizes, unloaded.

    Args:
        adapter: The model; it stays as it is.
        vision: Changes to the configuration of its vision tower.
        model: Changes to its configuration.
        settings: Changes to its image processor.
    """
    other = with_settings(adapter, **settings)
    other.model = SimpleNamespace(config=copy.deepcopy(adapter.model.config))
    for name, value in model.items():
        setattr(other.model.config, name, value)
    for name, value in vision.items():
        setattr(other.model.config.vision_config, name, value)
    return other
