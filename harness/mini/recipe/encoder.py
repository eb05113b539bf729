"""Dense-label pretraining of the vision encoder: what is under every patch."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPVisionModel

from harness.mini.recipe.architecture import GRID, PATCH_SIZE, vision_config
from harness.mini.recipe.loop import Losses, Schedule, checkpoint_step, train
from harness.mini.recipe.views import (
    COLOUR_NAMES,
    IGNORED,
    KIND_NAMES,
    TRAINING_SEED,
    Views,
    batches,
    normalise,
)
from harness.mini.scenes import MATERIALS, PARTS, REGIONS

BATCH: Final = 32
_BACKGROUND_WEIGHT: Final = 0.1
_PART_WEIGHT: Final = 0.5
_WHITENING_SCENES: Final = 300
_WHITENING_SEED: Final = TRAINING_SEED + 5_000_000
_NOISE_FLOOR: Final = 0.01
_POSITION_SCALE: Final = 0.7


class DenseEncoder(nn.Module):
    """The encoder with one linear head per dense label; training leaves the heads behind."""

    def __init__(self) -> None:
        """Build the encoder; patch filters start whitened and positions as sines, see below."""
        super().__init__()
        self.vision = CLIPVisionModel(vision_config())
        width = self.vision.config.hidden_size
        sizes = (len(KIND_NAMES) + 1, len(COLOUR_NAMES), len(MATERIALS), len(REGIONS), len(PARTS))
        self.heads = nn.ModuleList(
            [nn.Sequential(nn.LayerNorm(width), nn.Linear(width, size)) for size in sizes]
        )
        self.kind_weights = torch.ones(len(KIND_NAMES) + 1)
        self.kind_weights[-1] = _BACKGROUND_WEIGHT

    def features(self, pixels: Tensor) -> Tensor:
        """Return the last block's patch states [b, 81, 160] of float pixels [b, 3, 144, 144]."""
        states: Tensor = self.vision(pixel_values=pixels).last_hidden_state
        return states[:, 1:]

    def dense_losses(self, features: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return kind, colour, material, region and part losses; labels are [b, 81, 4 + parts]."""
        labels = labels.long()
        found = {}
        for i, name in enumerate(("kind", "colour", "material", "region")):
            found[name] = functional.cross_entropy(
                self.heads[i](features).flatten(0, 1).float(),
                labels[..., i].flatten(),
                weight=self.kind_weights if i == 0 else None,
                ignore_index=IGNORED,
            )
        parts = labels[..., 4:].float()
        logits = self.heads[4](features).float()
        entropy = functional.binary_cross_entropy_with_logits(logits, parts, reduction="sum")
        return found | {"part": entropy / parts.sum().clamp(min=1) * _PART_WEIGHT}


def whiten_patches(encoder: DenseEncoder, first: int) -> None:
    """Start the patch filters as a rotated whitening of drawn patches, positions as 2-D sines.

    Fresh filters see little but the mean colour of a patch, since that is where its variance
    lies; whitened, edges and textures enter at the same scale (ZCA, Bell and Sejnowski 1997).
    """
    views = Views(first)
    pixels = torch.stack([views[i][0] for i in range(_WHITENING_SCENES)])
    patches = functional.unfold(normalise(pixels), PATCH_SIZE, stride=PATCH_SIZE)
    patches = patches.transpose(1, 2).flatten(0, 1)
    patches = patches - patches.mean(0)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    embeddings = encoder.vision.embeddings
    width = embeddings.embed_dim
    filters = (vectors.flip(1)[:, :width] / torch.sqrt(values.flip(0)[:width] + _NOISE_FLOOR)).T
    filters = torch.linalg.qr(torch.randn(width, width))[0] @ filters
    rates = 2.0 / 100 ** (torch.arange(width // 4) / (width // 4))
    rows, columns = torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij")
    angles = [axis.flatten()[:, None] * rates for axis in (columns, rows)]
    waves = torch.cat([form(angle) for angle in angles for form in (torch.sin, torch.cos)], dim=1)
    with torch.no_grad():
        embeddings.patch_embedding.weight.copy_(
            filters.reshape(embeddings.patch_embedding.weight.shape)
        )
        embeddings.position_embedding.weight[1:] = (
            _POSITION_SCALE * waves @ torch.linalg.qr(torch.randn(width, width))[0]
        )


def pretrain_encoder(folder: Path, schedule: Schedule) -> DenseEncoder:
    """Train a fresh encoder on dense labels, resuming from ``folder``."""
    torch.manual_seed(1)
    model = DenseEncoder()
    whiten_patches(model, _WHITENING_SEED)
    first = checkpoint_step(folder / "encoder.checkpoint.safetensors")
    stream = batches(Views(TRAINING_SEED), BATCH, first, schedule.steps)

    def loss_of(step: int) -> Losses:
        pixels, labels = next(stream)
        with torch.autocast("cpu", torch.bfloat16):
            features = model.features(normalise(pixels))
            return model.dense_losses(features, labels)

    train("encoder", model, loss_of, schedule, folder)
    return model
