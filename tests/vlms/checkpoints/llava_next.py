"""A tiny random LLaVA-NeXT checkpoint."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from transformers import (
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    PreTrainedTokenizerFast,
)

from tests.vlms.checkpoints.tokenizer import build_tokenizer
from tests.vlms.checkpoints.weights import randomise

PATCH = 8
SIDE = 24
"""Pixels along one side of a tile: 3 tokens."""
_TILES = ((1, 2), (2, 1), (2, 2), (3, 1), (1, 3))
"""Rows and columns of tiles on offer."""
DEPTH = 3

TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: "
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>\n{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
"""Chat template of the families whose placeholder is ``<image>``."""


def build(path: Path, *, side: int = SIDE) -> Path:
    """Save a random LLaVA-NeXT checkpoint in ``path`` and return ``path``.

    Args:
        path: Directory to create.
        side: Pixels along one side of a tile; those beyond a multiple of the patch are not seen.
    """
    resolutions = [[rows * side, cols * side] for rows, cols in _TILES]
    tokenizer = build_tokenizer(MappingProxyType({"image_token": "<image>"}))
    configs: Any = LlavaNextConfig
    config = configs(
        text_config={"model_type": "llama", **text_settings(tokenizer)},
        vision_config={
            "model_type": "clip_vision_model",
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "image_size": side,
            "patch_size": PATCH,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=resolutions,
        image_seq_length=(side // PATCH) ** 2,
    )
    torch.manual_seed(17)
    model = LlavaNextForConditionalGeneration(config)
    randomise(model)
    model.save_pretrained(path)
    images: Any = LlavaNextImageProcessorPil
    processor: Any = LlavaNextProcessor
    processor(
        image_processor=images(
            size={"shortest_edge": side},
            crop_size={"height": side, "width": side},
            image_grid_pinpoints=resolutions,
        ),
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    ).save_pretrained(path)
    return path


def text_settings(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    """Return the text part of a configuration; the output matrix has rows without a token."""
    return {
        "vocab_size": len(tokenizer) + 5,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": DEPTH,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": False,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
