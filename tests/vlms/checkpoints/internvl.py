"""A tiny random InternVL checkpoint."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from transformers import (
    GotOcr2ImageProcessor,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLProcessor,
    InternVLVideoProcessor,
)

from tests.vlms.checkpoints.tokenizer import build_tokenizer
from tests.vlms.checkpoints.weights import randomise

PATCH = 4
SIDE = 24
"""Pixels along one side of a tile: 6 patches, 3 tokens."""
TOKENS = SIDE // PATCH // 2
MAX_TILES = 6
DEPTH = 3

_SPECIAL = MappingProxyType(
    {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
)
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<IMG_CONTEXT>\n{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def build(path: Path) -> Path:
    """Save a random InternVL checkpoint of up to six tiles in ``path`` and return ``path``."""
    tokenizer = build_tokenizer(_SPECIAL, bos=False)
    config = InternVLConfig(
        text_config={
            "model_type": "qwen2",
            "vocab_size": len(tokenizer) + 5,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": DEPTH,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 1024,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": [SIDE, SIDE],
            "patch_size": [PATCH, PATCH],
        },
        image_token_id=tokenizer.get_vocab()["<IMG_CONTEXT>"],
        image_seq_length=TOKENS**2,
        downsample_ratio=0.5,
        tie_word_embeddings=False,
    )
    torch.manual_seed(13)
    model = InternVLForConditionalGeneration(config)
    randomise(model)
    model.save_pretrained(path)
    processor: Any = InternVLProcessor
    images: Any = GotOcr2ImageProcessor
    videos: Any = InternVLVideoProcessor
    size = {"height": SIDE, "width": SIDE}
    processor(
        image_processor=images(size=size, min_patches=1, max_patches=MAX_TILES),
        tokenizer=tokenizer,
        video_processor=videos(size=size),
        image_seq_length=TOKENS**2,
        chat_template=_TEMPLATE,
    ).save_pretrained(path)
    return path
