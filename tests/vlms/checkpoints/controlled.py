"""Tiny random controlled models: all encoders, language models, sequences and projectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import torch
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    Dinov2Config,
    Dinov2Model,
    LlamaConfig,
    LlamaForCausalLM,
    Olmo2Config,
    Olmo2ForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from harness.vlms.controlled.config import (
    COMPONENTS,
    ControlledConfig,
    ImageSettings,
    ProjectorSettings,
)
from harness.vlms.controlled.images import prepare
from harness.vlms.controlled.model import ControlledModel
from harness.vlms.controlled.model import build as build_model
from harness.vlms.probes import probe_image
from tests.vlms.checkpoints.tokenizer import build_tokenizer
from tests.vlms.checkpoints.weights import PROVENANCE, randomise

PATCH: Final = 8
GRID: Final = 4
DEPTH: Final = 3
HIDDEN: Final = 32
VISION: Final = 24
_LANGUAGES: Final[dict[str, tuple[Any, Any]]] = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "olmo2": (Olmo2Config, Olmo2ForCausalLM),
}
_NATIVE: Final = {
    "clip": GRID * PATCH,
    "dinov2": (GRID + 1) * PATCH,
    # As SigLIP at 384: pixels are left over beyond the last whole patch.
    "siglip": GRID * PATCH + 6,
}
"""Side of the images that the encoder's position embedding is made for."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What to build."""

    language: Literal["llama", "qwen2", "olmo2"] = "llama"
    encoder: Literal["clip", "dinov2", "siglip"] = "clip"
    mode: Literal["pad", "squash", "crop"] = "pad"
    projector: Literal["gated", "mlp", "linear"] = "gated"
    sequence: Literal["rows", "bare"] = "rows"
    placeholder: bool = True
    marker_ids: tuple[int, ...] = ()
    bos: bool = True


def build(path: Path) -> Path:
    """Save a tiny random checkpoint in ``path``: Llama, CLIP, padded images, gated projector."""
    return build_variant(path, Variant())


def build_variant(path: Path, variant: Variant) -> Path:
    """Save a controlled directory with its parts inside."""
    save_language_model(path / COMPONENTS / "language_model", variant)
    save_encoder(path / COMPONENTS / "encoder", variant.encoder)
    config = make_config(variant)
    torch.manual_seed(7)
    model = build_model(config, path)
    for number, (_, parameter) in enumerate(sorted(model.trainable().items())):
        generator = torch.Generator().manual_seed(number)
        parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.5)
    _calm(model)
    model.save(path)
    return path


@torch.no_grad()
def _calm(model: ControlledModel) -> None:
    """Scale the projector so that its output is about as large as a word's embedding."""
    prepared = prepare(model.config.image, PATCH, probe_image())
    first, last = model.projector.w1, getattr(model.projector, "w2", model.projector.w1)
    features = model.features(prepared.pixels[None])
    for layer in {first, last, getattr(model.projector, "w3", last)} - {last}:
        layer.weight.div_(layer(features).std())
    last.weight.div_(model.projector(features).std())


def make_config(variant: Variant) -> ControlledConfig:
    """Return the configuration of a variant, without hashes."""
    linear = variant.projector == "linear"
    return ControlledConfig(
        language_model=f"{COMPONENTS}/language_model",
        encoder=f"{COMPONENTS}/encoder",
        num_hidden_layers=DEPTH,
        hidden_size=HIDDEN,
        features=(-2, 1),
        image=ImageSettings(
            mode=variant.mode,
            size=GRID * PATCH,
            resample="bilinear" if variant.encoder != "dinov2" else "bicubic",
            antialias=variant.encoder != "siglip",
            whole_levels=variant.encoder != "clip",
            mean=(0.48, 0.46, 0.41),
            std=(0.27, 0.26, 0.28),
            position_offset=0.1 if variant.encoder == "dinov2" else 0.0,
        ),
        projector=ProjectorSettings(
            kind=variant.projector,
            in_size=2 * VISION,
            hidden_size=0 if linear else 40,
            out_size=HIDDEN,
            bias=variant.projector == "mlp",
        ),
        sequence=variant.sequence,
        prompt="a red ball",
        placeholder=variant.placeholder,
        pad_embed=variant.mode == "pad",
        marker_ids=variant.marker_ids,
        provenance=PROVENANCE,
    )


def save_language_model(path: Path, variant: Variant) -> None:
    """Save a random language model with its tokenizer."""
    tokenizer = build_tokenizer({}, bos=variant.bos)
    if not variant.bos:
        tokenizer.bos_token = None
    make_config_of, kind = _LANGUAGES[variant.language]
    torch.manual_seed(7)
    model = kind(
        make_config_of(
            vocab_size=len(tokenizer) + 8,
            hidden_size=HIDDEN,
            intermediate_size=2 * HIDDEN,
            num_hidden_layers=DEPTH,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=512,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            tie_word_embeddings=False,
        )
    )
    randomise(model)
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)


def save_encoder(path: Path, kind: Literal["clip", "dinov2", "siglip"]) -> None:
    """Save a random vision model."""
    sizes: dict[str, Any] = {
        "hidden_size": VISION,
        "num_hidden_layers": DEPTH,
        "num_attention_heads": 4,
        "image_size": _NATIVE[kind],
        "patch_size": PATCH,
    }
    torch.manual_seed(7)
    model: Any
    if kind == "dinov2":
        model = Dinov2Model(Dinov2Config(mlp_ratio=2, **sizes))
    elif kind == "clip":
        model = CLIPVisionModel(CLIPVisionConfig(intermediate_size=48, **sizes))
    else:
        model = SiglipVisionModel(SiglipVisionConfig(intermediate_size=48, **sizes))
    randomise(model)
    model.save_pretrained(path)
