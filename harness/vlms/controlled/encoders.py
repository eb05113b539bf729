"""The frozen vision model: patch features after chosen blocks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, CLIPVisionModel, SiglipVisionModel

from harness.core.errors import DataError, MismatchError
from harness.vlms.controlled.config import ImageSettings
from harness.vlms.loading import Placement, brief, load_model

_TOWERS: Final[dict[str, Any]] = {"clip": CLIPVisionModel, "siglip": SiglipVisionModel}
"""Vision halves of models that also hold a text model."""
_INTERPOLATING: Final = ("clip_vision_model", "siglip_vision_model")
"""Models that resize their position embedding only when told to."""
_DINO: Final = "dinov2"


class Encoder(nn.Module):
    """A vision transformer cut off after the highest block whose features are used."""

    def __init__(self, model: nn.Module, features: Sequence[int], image: ImageSettings) -> None:
        """Cut the model.

        Args:
            model: CLIP, SigLIP or DINOv2 vision model of transformers, or one built like them.
            features: Layers, see ``ControlledConfig.features``.
            image: Preprocessing; decides the grid.

        Raises:
            MismatchError: A layer that the model does not have, or an unknown structure.
        """
        super().__init__()
        self.model = model
        config: Any = model.config
        self.patch = int(config.patch_size)
        self.grid = image.size // self.patch
        self.width = int(config.hidden_size)
        self.blocks = _blocks(model, int(config.num_hidden_layers))
        depth = len(self.blocks)
        self.layers = tuple(_layer(layer, depth) for layer in features)
        del self.blocks[max(self.layers) :]
        native = int(config.image_size) // self.patch
        self._options: dict[str, bool] = {}
        if native != self.grid and config.model_type in _INTERPOLATING:
            self._options = {"interpolate_pos_encoding": True}
        if native != self.grid and config.model_type == _DINO:
            _resize_positions(model, self.grid, image.position_offset)
        self.requires_grad_(False).eval()

    @property
    def out_size(self) -> int:
        """Width of the joined features."""
        return self.width * len(self.layers)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode: the encoder is frozen."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return [batch, rows * cols, layers * width] features of [batch, 3, size, size] pixels.

        Tokens before the patches (class token, registers) are dropped.

        Raises:
            MismatchError: The model makes fewer tokens than the grid has patches.
        """
        found: dict[int, torch.Tensor] = {}
        weight = next(self.model.parameters())
        with ExitStack() as hooks:
            for layer in set(self.layers):
                hooks.callback(_keep(self.blocks, layer, found).remove)
            self.model(pixel_values=pixels.to(weight.device, weight.dtype), **self._options)
        patches = self.grid**2
        joined = torch.cat([found[layer] for layer in self.layers], dim=-1)
        if joined.shape[1] < patches:
            raise MismatchError(
                f"encoder {type(self.model).__name__} makes {joined.shape[1]} tokens, expected "
                f"{self.grid}x{self.grid} patches or more"
            )
        return joined[:, -patches:]


def load_encoder(
    path: Path, features: Sequence[int], image: ImageSettings, placement: Placement
) -> Encoder:
    """Return the vision model of a checkpoint directory.

    Raises:
        DataError: The checkpoint is unreadable or lacks weights.
        MismatchError: A layer that the model does not have, or an unknown structure.
    """
    try:
        kind = AutoConfig.from_pretrained(path, local_files_only=True).model_type
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the encoder in {path}: {brief(error)}") from error
    model = load_model(_TOWERS.get(kind, AutoModel), path, placement)
    return Encoder(model, features, image)


def _layer(layer: int, depth: int) -> int:
    """Return how many blocks lie below a layer; MismatchError outside the model."""
    found = layer if layer >= 0 else depth + 1 + layer
    if not 0 < found <= depth:
        raise MismatchError(
            f"features: the encoder has no layer {layer}: expected 1..{depth} or -{depth}..-1"
        )
    return found


def _blocks(model: nn.Module, depth: int) -> nn.ModuleList:
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            return module
    raise MismatchError(f"encoder {type(model).__name__} has no stack of {depth} blocks")


def _keep(
    blocks: nn.ModuleList, layer: int, found: dict[int, torch.Tensor]
) -> torch.utils.hooks.RemovableHandle:
    def keep(_: nn.Module, __: tuple[Any, ...], output: Any) -> None:
        found[layer] = output[0] if isinstance(output, tuple) else output

    return blocks[layer - 1].register_forward_hook(keep)


def _resize_positions(model: Any, grid: int, offset: float) -> None:
    """Resize DINOv2's position embedding once, by ``(grid + offset) / native`` without antialias.

    The offset moves the sampling points a little; DINOv2's own code and the authors' conversion
    have 0.1 there, transformers none.
    """
    positions = model.embeddings.position_embeddings
    native = round((positions.shape[1] - 1) ** 0.5)
    start, patches = positions[:, :1], positions[:, 1:].float()
    plane = patches.reshape(1, native, native, -1).permute(0, 3, 1, 2)
    factor = (grid + offset) / native
    size: dict[str, Any] = {"scale_factor": (factor, factor)} if offset else {"size": (grid, grid)}
    resized = nn.functional.interpolate(plane, mode="bicubic", align_corners=False, **size)
    flat = resized.permute(0, 2, 3, 1).flatten(1, 2).to(positions.dtype)
    model.embeddings.position_embeddings = nn.Parameter(torch.cat([start, flat], dim=1))
