"""A tiny random SmolVLM checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
)

from tests.vlms.checkpoints.idefics3 import SPECIAL
from tests.vlms.checkpoints.llava_next import TEMPLATE, text_settings
from tests.vlms.checkpoints.tokenizer import build_tokenizer
from tests.vlms.checkpoints.weights import randomise

PATCH = 4
FACTOR = 4
SIDE = 32
"""Pixels along one side of a tile: 8 patches, 2 tokens."""
LONGEST = 96
TOKENS = (SIDE // PATCH // FACTOR) ** 2


def build(path: Path) -> Path:
    """Save a random SmolVLM checkpoint of up to 3x3 tiles in ``path`` and return ``path``."""
    tokenizer = build_tokenizer({**SPECIAL, "video_token": "<video>"})
    configs: Any = SmolVLMConfig
    config = configs(
        text_config={"model_type": "llama", **text_settings(tokenizer)},
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": PATCH,
        },
        scale_factor=FACTOR,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    )
    torch.manual_seed(29)
    model = SmolVLMForConditionalGeneration(config)
    randomise(model)
    model.save_pretrained(path)
    images: Any = SmolVLMImageProcessor
    videos: Any = SmolVLMVideoProcessor
    processor: Any = SmolVLMProcessor
    sizes = {"size": {"longest_edge": LONGEST}, "max_image_size": {"longest_edge": SIDE}}
    processor(
        image_processor=images(**sizes),
        tokenizer=tokenizer,
        video_processor=videos(**sizes),
        image_seq_len=TOKENS,
        chat_template=TEMPLATE,
    ).save_pretrained(path)
    return path
