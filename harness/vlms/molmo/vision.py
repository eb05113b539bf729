"""The image encoder: CLIP's ViT (Radford et al. 2021), whose hidden layers are the features."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from harness.vlms.molmo.config import MolmoVisionConfig


class Attention(nn.Module):
    """Multi-head attention computed in float32; queries may be of another length than keys."""

    def __init__(self, inputs: int, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.wq = nn.Linear(inputs, width)
        self.wk = nn.Linear(inputs, width)
        self.wv = nn.Linear(inputs, width)
        self.wo = nn.Linear(width, width)

    def forward(self, queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        """Map [batch, q, inputs] and [batch, k, inputs] to [batch, q, width]."""
        attended = functional.scaled_dot_product_attention(
            self._split(self.wq(queries)), self._split(self.wk(keys)), self._split(self.wv(keys))
        )
        merged: torch.Tensor = attended.transpose(1, 2).flatten(2).to(queries.dtype)
        result: torch.Tensor = self.wo(merged)
        return result

    def _split(self, states: torch.Tensor) -> torch.Tensor:
        batch, length, width = states.shape
        heads = states.float().view(batch, length, self.heads, width // self.heads)
        return heads.transpose(1, 2)


class FeedForward(nn.Module):
    """Two layers with the fast approximation of GELU, x sigmoid(1.702 x)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.w1 = nn.Linear(width, inner)
        self.w2 = nn.Linear(inner, width)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Map [..., width] to the same shape."""
        inner: torch.Tensor = self.w1(states)
        result: torch.Tensor = self.w2(inner * torch.sigmoid(1.702 * inner))
        return result


class Block(nn.Module):
    """Attention and feed-forward layer, each after a layer norm and beside the residual stream."""

    def __init__(self, config: MolmoVisionConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.attention = Attention(width, width, config.num_attention_heads)
        self.feed_forward = FeedForward(width, config.intermediate_size)
        self.attention_norm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.ffn_norm = nn.LayerNorm(width, eps=config.layer_norm_eps)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Map [crops, tokens, width] to the same shape."""
        normed = self.attention_norm(states)
        states = states + self.attention(normed, normed)
        result: torch.Tensor = states + self.feed_forward(self.ffn_norm(states))
        return result


class Blocks(nn.Module):
    """The stack of blocks."""

    def __init__(self, config: MolmoVisionConfig) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))

    def forward(self, states: torch.Tensor) -> list[torch.Tensor]:
        """Return the output of every block."""
        outputs = []
        for block in self.resblocks:
            states = block(states)
            outputs.append(states)
        return outputs


class VisionTransformer(nn.Module):
    """From the pixels of patches to the features of some of the blocks."""

    def __init__(self, config: MolmoVisionConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.feature_layers = tuple(config.feature_layers)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        positions = 1 + config.patches_per_side**2
        self.positional_embedding = nn.Parameter(torch.zeros(positions, width))
        self.patch_embedding = nn.Linear(3 * config.patch_size**2, width, bias=False)
        self.pre_ln = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.transformer = Blocks(config)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Map [crops, patches, pixels] to [crops, patches, layers * width], class token dropped."""
        patches = self.patch_embedding(crops)
        first = self.class_embedding.expand(len(crops), 1, -1)
        states = torch.cat([first, patches], dim=1) + self.positional_embedding
        outputs = self.transformer(self.pre_ln(states))
        return torch.cat([outputs[layer] for layer in self.feature_layers], dim=-1)[:, 1:]
