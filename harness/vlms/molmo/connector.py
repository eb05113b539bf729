"""From encoder features to vectors of the language model: padding, 2x2 pooling, projector."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from harness.vlms.molmo.config import MolmoConfig, MolmoVisionConfig
from harness.vlms.molmo.vision import Attention, VisionTransformer

POOL = 2
"""Patches per side that one visual token covers."""


class Projector(nn.Module):
    """Gated feed-forward layer, w2(silu(w1 x) * w3 x)."""

    def __init__(self, inputs: int, inner: int, outputs: int) -> None:
        super().__init__()
        self.w1 = nn.Linear(inputs, inner, bias=False)
        self.w2 = nn.Linear(inner, outputs, bias=False)
        self.w3 = nn.Linear(inputs, inner, bias=False)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Map [..., inputs] to [..., outputs]."""
        result: torch.Tensor = self.w2(functional.silu(self.w1(states)) * self.w3(states))
        return result


class VisionBackbone(nn.Module):
    """Image encoder and connector."""

    def __init__(self, config: MolmoConfig) -> None:
        super().__init__()
        vision, text = config.vision_config, config.get_text_config()
        assert isinstance(vision, MolmoVisionConfig)
        width, features = vision.hidden_size, vision.hidden_size * len(vision.feature_layers)
        self.side = vision.patches_per_side
        self.image_vit = VisionTransformer(vision)
        self.pad_embed = nn.Parameter(torch.zeros(2, features))
        self.image_pooling_2d = Attention(features, width, vision.num_attention_heads)
        self.image_projector = Projector(width, config.projector_size, text.hidden_size)

    def forward(self, images: torch.Tensor, image_masks: torch.Tensor) -> torch.Tensor:
        """Return [crops, tokens, d] vectors to be added to the placeholders' embeddings.

        Args:
            images: [crops, patches, pixels] patches of each crop, row by row.
            image_masks: [crops, patches] share of each patch that is image and not padding.
        """
        features = self.image_vit(images) + self._padding(image_masks).to(images.dtype)
        half = self.side // POOL
        cells = features.view(len(images), half, POOL, half, POOL, -1).transpose(2, 3)
        patches = cells.reshape(len(images) * half * half, POOL * POOL, -1)
        pooled = self.image_pooling_2d(patches.mean(dim=1, keepdim=True), patches)
        result: torch.Tensor = self.image_projector(pooled.view(len(images), half * half, -1))
        return result

    def _padding(self, masks: torch.Tensor) -> torch.Tensor:
        """Return [crops, patches, features]: what is added where a patch is padded, or partly."""
        whole = masks == 0
        partial = (masks < 1) & ~whole
        weights = torch.stack([whole, partial], dim=-1).to(self.pad_embed.dtype)
        return weights @ self.pad_embed
