"""Tiny random checkpoints of Qwen2-VL, Qwen2.5-VL and Qwen3-VL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from tests.vlms.checkpoints.tokenizer import build_tokenizer
from tests.vlms.checkpoints.weights import randomise

PATCH = 4
MERGE = 2
HIDDEN = 32
DEPTH = 3
PIXELS = (24 * 24, 64 * 64)
"""Least and most pixels of a resized image: 9 to 64 cells."""

_SPECIAL = MappingProxyType(
    {
        "vision_start_token": "<|vision_start|>",
        "vision_end_token": "<|vision_end|>",
        "image_token": "<|image_pad|>",
        "video_token": "<|video_pad|>",
    }
)
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_VISION = MappingProxyType(
    {
        "depth": 3,
        "num_heads": 2,
        "in_channels": 3,
        "patch_size": PATCH,
        "spatial_merge_size": MERGE,
        "temporal_patch_size": 2,
    }
)
_MERGED = MappingProxyType({"hidden_size": 16, "intermediate_size": 32, "out_hidden_size": HIDDEN})


def build_qwen2_vl(path: Path) -> Path:
    """Save a random Qwen2-VL checkpoint in ``path`` and return ``path``."""
    tokenizer = build_tokenizer(_SPECIAL, bos=False)
    config = Qwen2VLConfig(
        text_config=_text(tokenizer, {}),
        vision_config={**_VISION, "embed_dim": 16, "hidden_size": HIDDEN, "mlp_ratio": 2},
        **_ids(tokenizer),
    )
    processors = (Qwen2VLProcessor, Qwen2VLVideoProcessor)
    return _save(path, Qwen2VLForConditionalGeneration, config, processors, tokenizer)


def build_qwen2_5_vl(path: Path) -> Path:
    """Save a random Qwen2.5-VL checkpoint; some encoder blocks see windows of 2 x 2 cells only."""
    tokenizer = build_tokenizer(_SPECIAL, bos=False)
    vision = {"window_size": 2 * MERGE * PATCH, "fullatt_block_indexes": [1]}
    config = Qwen2_5_VLConfig(
        text_config=_text(tokenizer, {}),
        vision_config={**_VISION, **_MERGED, **vision},
        **_ids(tokenizer),
    )
    processors = (Qwen2_5_VLProcessor, Qwen2VLVideoProcessor)
    return _save(path, Qwen2_5_VLForConditionalGeneration, config, processors, tokenizer)


def build_qwen3_vl(path: Path) -> Path:
    """Save a random Qwen3-VL checkpoint with features of two encoder blocks added again."""
    tokenizer = build_tokenizer(_SPECIAL, bos=False)
    vision = {"num_position_embeddings": 36, "deepstack_visual_indexes": [0, 1]}
    config = Qwen3VLConfig(
        text_config=_text(tokenizer, {"mrope_interleaved": True}) | {"head_dim": 8},
        vision_config={**_VISION, **_MERGED, **vision},
        **_ids(tokenizer),
    )
    processors = (Qwen3VLProcessor, Qwen3VLVideoProcessor)
    return _save(path, Qwen3VLForConditionalGeneration, config, processors, tokenizer)


def _text(tokenizer: PreTrainedTokenizerFast, rope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the text part of a configuration; the output matrix has rows without a token."""
    return {
        "vocab_size": len(tokenizer) + 5,
        "hidden_size": HIDDEN,
        "intermediate_size": 2 * HIDDEN,
        "num_hidden_layers": DEPTH,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "mrope_section": [2, 1, 1],
            **rope,
        },
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _ids(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    ids = tokenizer.get_vocab()
    return {f"{name}_id": ids[token] for name, token in _SPECIAL.items()}


def _save(
    path: Path,
    kind: Any,
    config: Any,
    processors: tuple[Any, Any],
    tokenizer: PreTrainedTokenizerFast,
) -> Path:
    torch.manual_seed(11)
    model = kind(config)
    randomise(model)
    model.save_pretrained(path)
    settings = {"patch_size": PATCH, "merge_size": MERGE, "temporal_patch_size": 2}
    size = {"shortest_edge": PIXELS[0], "longest_edge": PIXELS[1]}
    images: Any = Qwen2VLImageProcessor
    processor, videos = processors
    processor(
        image_processor=images(size=size, **settings),
        tokenizer=tokenizer,
        video_processor=videos(**settings),
        chat_template=_TEMPLATE,
    ).save_pretrained(path)
    return path
