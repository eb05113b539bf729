"""A tiny random Molmo checkpoint with the file layout and the weight names of Molmo-7B-D-0924."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_file

from tests.vlms.checkpoints.tokenizer import build_tokenizer
from tests.vlms.checkpoints.weights import PROVENANCE

PATCH: Final = 8
SIDE: Final = 64
"""Pixels along one side of a crop: 8 patches, 4 tokens."""
MARGINS: Final = (2, 2)
MAX_CROPS: Final = 6
DEPTH: Final = 3
HIDDEN: Final = 32
HEADS: Final = 4
KEY_VALUE_HEADS: Final = 2
FUSED: Final = 96
"""Both halves of the gated feed-forward layer."""
ADDED: Final = 8
"""Rows of the second embedding, for the image tokens."""

_WIDTH: Final = 128
_VISION_DEPTH: Final = 10
_IMAGE_TOKENS: Final = ("<im_start>", "<im_end>", "<im_patch>", "<im_col>", "<|image|>")
_AUTO: Final = {"AutoProcessor": "preprocessing_molmo.MolmoProcessor"}


def build(path: Path) -> Path:
    """Save a random Molmo of up to six crops in ``path``, in two shards, and return ``path``."""
    path.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer({}, bos=False)
    words = len(tokenizer)
    tokenizer.add_tokens(list(_IMAGE_TOKENS), special_tokens=True)
    tokenizer.save_pretrained(path)
    _update(
        path / "tokenizer_config.json", {"tokenizer_class": "Qwen2Tokenizer", "auto_map": _AUTO}
    )
    _update(path / "tokenizer_config.json", {"bos_token": None})
    _write(path / "config.json", _config(words))
    _write(path / "preprocessor_config.json", _image_settings())
    _write(path / "processor_config.json", {"auto_map": _AUTO, "processor_class": "MolmoProcessor"})
    weights = random_weights(words)
    half = len(weights) // 2
    names = list(weights)
    index: dict[str, str] = {}
    for number, part in enumerate((names[:half], names[half:]), start=1):
        file = f"model-{number:05}-of-00002.safetensors"
        save_file({name: weights[name] for name in part}, path / file, metadata={"format": "pt"})
        index |= dict.fromkeys(part, file)
    _write(path / "model.safetensors.index.json", {"metadata": {}, "weight_map": index})
    return path


def random_weights(words: int, seed: int = 23) -> dict[str, torch.Tensor]:
    """Return random weights by published name; norm weights are off one, no tensor is zero."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in _shapes(words):
        drawn = torch.randn(shape, generator=generator)
        if len(shape) == 1 and name.endswith("weight") or name.endswith("pre_ln.weight"):
            weights[name] = 1 + 0.2 * drawn
        elif name.endswith("bias"):
            weights[name] = 0.1 * drawn
        elif len(shape) == 2 and name.endswith("weight"):
            weights[name] = drawn * shape[1] ** -0.5
        else:
            weights[name] = drawn
    return weights


def _shapes(words: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    text, vision = "model.transformer.", "model.vision_backbone."
    width = HIDDEN // HEADS
    fused = HIDDEN + 2 * KEY_VALUE_HEADS * width
    yield text + "wte.embedding", (words, HIDDEN)
    yield text + "wte.new_embedding", (ADDED, HIDDEN)
    for number in range(DEPTH):
        block = f"{text}blocks.{number}."
        yield block + "attn_norm.weight", (HIDDEN,)
        yield block + "ff_norm.weight", (HIDDEN,)
        yield block + "att_proj.weight", (fused, HIDDEN)
        yield block + "att_proj.bias", (fused,)
        yield block + "attn_out.weight", (HIDDEN, HIDDEN)
        yield block + "ff_proj.weight", (FUSED, HIDDEN)
        yield block + "ff_out.weight", (HIDDEN, FUSED // 2)
    yield text + "ln_f.weight", (HIDDEN,)
    yield text + "ff_out.weight", (words, HIDDEN)
    vit = vision + "image_vit."
    yield vit + "class_embedding", (_WIDTH,)
    yield vit + "positional_embedding", ((SIDE // PATCH) ** 2 + 1, _WIDTH)
    yield vit + "patch_embedding.weight", (_WIDTH, 3 * PATCH**2)
    yield from _linear(vit + "pre_ln.", (_WIDTH,))
    for number in range(_VISION_DEPTH):
        block = f"{vit}transformer.resblocks.{number}."
        for part in ("wq", "wk", "wv", "wo"):
            yield from _linear(f"{block}attention.{part}.", (_WIDTH, _WIDTH))
        yield from _linear(block + "feed_forward.w1.", (2 * _WIDTH, _WIDTH))
        yield from _linear(block + "feed_forward.w2.", (_WIDTH, 2 * _WIDTH))
        yield from _linear(block + "attention_norm.", (_WIDTH,))
        yield from _linear(block + "ffn_norm.", (_WIDTH,))
    for part in ("wq", "wk", "wv"):
        yield from _linear(f"{vision}image_pooling_2d.{part}.", (_WIDTH, 2 * _WIDTH))
    yield from _linear(vision + "image_pooling_2d.wo.", (_WIDTH, _WIDTH))
    yield vision + "image_projector.w1.weight", (FUSED // 2, _WIDTH)
    yield vision + "image_projector.w2.weight", (HIDDEN, FUSED // 2)
    yield vision + "image_projector.w3.weight", (FUSED // 2, _WIDTH)
    yield vision + "pad_embed", (2, 2 * _WIDTH)


def _linear(prefix: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield prefix + "weight", shape
    yield prefix + "bias", shape[:1]


def _config(words: int) -> dict[str, Any]:
    return {
        "architectures": ["MolmoForCausalLM"],
        "attention_layer_norm": False,
        "auto_map": {
            "AutoConfig": "config_molmo.MolmoConfig",
            "AutoModelForCausalLM": "modeling_molmo.MolmoForCausalLM",
        },
        "clip_qkv": None,
        "embedding_size": words,
        "hidden_size": HIDDEN,
        "initializer_range": 0.02,
        "intermediate_size": FUSED,
        "layer_norm_eps": 1e-6,
        "layer_norm_type": "rms",
        "max_position_embeddings": 4096,
        "model_type": "molmo",
        "norm_after": False,
        "num_attention_heads": HEADS,
        "num_hidden_layers": DEPTH,
        "num_key_value_heads": KEY_VALUE_HEADS,
        "provenance": PROVENANCE,
        "qkv_bias": True,
        "rope_theta": 1000000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "use_cache": True,
        "use_position_ids": True,
        "vocab_size": words,
        "weight_tying": False,
    }


def _image_settings() -> dict[str, Any]:
    return {
        "auto_map": {
            "AutoImageProcessor": "image_preprocessing_molmo.MolmoImageProcessor",
            **_AUTO,
        },
        "base_image_input_size": [SIDE, SIDE],
        "do_normalize": True,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_padding_mask": True,
        "image_patch_size": PATCH,
        "image_processor_type": "MolmoImageProcessor",
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_token_length_h": SIDE // PATCH // 2,
        "image_token_length_w": SIDE // PATCH // 2,
        "max_crops": MAX_CROPS,
        "overlap_margins": list(MARGINS),
        "processor_class": "MolmoProcessor",
    }


def _update(file: Path, changes: Mapping[str, Any]) -> None:
    _write(file, json.loads(file.read_text(encoding="utf-8")) | changes)


def _write(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2), encoding="utf-8")
