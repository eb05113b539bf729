"""What a published Molmo checkpoint says of itself, and which of its variants are understood."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedConfig, Qwen2Config

from harness.core.errors import DataError
from harness.vlms import checkpoint

VISION = "model.vision_backbone."
"""Prefix of all vision weights."""
TEXT = "model.transformer."
"""Prefix of all weights of the language model."""

_HEAD = 64
"""Width of an attention head of the image encoder, in every checkpoint."""
_SUPPORTED: Mapping[str, tuple[Any, ...]] = {
    "layer_norm_type": ("rms",),
    "norm_after": (False,),
    "attention_layer_norm": (False,),
    "qkv_bias": (True,),
    "clip_qkv": (None,),
    "weight_tying": (False, None),
    "use_position_ids": (True, None),
}
_FUSED = "intermediate_size"
_SIZES = (
    _FUSED,
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "max_position_embeddings",
)


class MolmoVisionConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """Sizes of the image encoder; the defaults are CLIP ViT-L/14 at 336 pixels, 23 blocks."""

    model_type = "molmo_vision"

    hidden_size: int = 1024
    intermediate_size: int = 4096
    num_hidden_layers: int = 23
    num_attention_heads: int = 16
    patch_size: int = 14
    patches_per_side: int = 24
    layer_norm_eps: float = 1e-5
    feature_layers: tuple[int, ...] = (-2, -9)


class MolmoConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """A language model, an image encoder and the id of the image placeholder."""

    model_type = "molmo"
    sub_configs = {"text_config": Qwen2Config, "vision_config": MolmoVisionConfig}

    text_config: Qwen2Config | dict[str, Any] | None = None
    vision_config: MolmoVisionConfig | dict[str, Any] | None = None
    projector_size: int = 18944
    output_size: int = 152064
    image_token_id: int | None = None
    tie_word_embeddings: bool = False


def read_config(path: Path, weights: Mapping[str, torch.Tensor]) -> MolmoConfig:
    """Return the configuration of a checkpoint directory.

    The file states the sizes of the language model; those of the vision part, which the published
    code has as constants, are read off the shapes of the weights.

    Args:
        path: Checkpoint directory.
        weights: Its weights by their published names.

    Raises:
        DataError: The file is unreadable, or the checkpoint is another kind of Molmo (the mixture
            of experts, the one on OLMo, a quantised one).
    """
    stated = _read(path)
    embedding = _shape(weights, TEXT + "wte.embedding", path)
    added = _shape(weights, TEXT + "wte.new_embedding", path)
    text = Qwen2Config(
        **{name: stated[name] for name in _SIZES if name != _FUSED},
        # The published size counts both halves of the gated layer.
        intermediate_size=stated[_FUSED] // 2,
        vocab_size=embedding[0] + added[0],
        rms_norm_eps=stated["layer_norm_eps"],
        rope_parameters={"rope_type": "default", "rope_theta": stated["rope_theta"]},
        tie_word_embeddings=False,
    )
    return MolmoConfig(
        text_config=text,
        vision_config=_vision(weights, path),
        projector_size=_shape(weights, VISION + "image_projector.w1.weight", path)[0],
        output_size=_shape(weights, TEXT + "ff_out.weight", path)[0],
    )


def _read(path: Path) -> dict[str, Any]:
    stated = checkpoint.read_config(path)
    for name, accepted in _SUPPORTED.items():
        if stated.get(name) not in accepted:
            raise _unsupported(path, f"{name} is {stated.get(name)!r}, expected {accepted[0]!r}")
    if missing := [n for n in (*_SIZES, "layer_norm_eps", "rope_theta") if stated.get(n) is None]:
        raise _unsupported(path, f"config.json has no {missing[0]}")
    if "quantization_config" in stated:
        raise _unsupported(path, "its weights are quantised, use the original ones")
    return stated


def _vision(weights: Mapping[str, torch.Tensor], path: Path) -> MolmoVisionConfig:
    vit = VISION + "image_vit."
    positions, width = _shape(weights, vit + "positional_embedding", path)
    pixels = _shape(weights, vit + "patch_embedding.weight", path)[1]
    blocks = {name.split(".")[5] for name in weights if name.startswith(vit + "transformer.")}
    inner = _shape(weights, vit + "transformer.resblocks.0.feed_forward.w1.weight", path)[0]
    side, patch = round((positions - 1) ** 0.5), round((pixels / 3) ** 0.5)
    if side**2 + 1 != positions or 3 * patch**2 != pixels or width % _HEAD:
        raise _unsupported(
            path,
            f"image encoder of {positions} positions, {pixels} values per patch, width {width}",
        )
    if len(blocks) < -min(MolmoVisionConfig.feature_layers):
        raise _unsupported(path, f"image encoder of {len(blocks)} blocks")
    return MolmoVisionConfig(
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=len(blocks),
        num_attention_heads=width // _HEAD,
        patch_size=patch,
        patches_per_side=side,
    )


def _shape(weights: Mapping[str, torch.Tensor], name: str, path: Path) -> tuple[int, ...]:
    if name not in weights:
        raise _unsupported(path, f"it has no weight {name}")
    return tuple(weights[name].shape)


def _unsupported(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path} is not a Molmo on Qwen2 such as Molmo-7B-D-0924 or Molmo-72B-0924: {reason}"
    )
