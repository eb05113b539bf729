"""A tiny random Gemma 3 checkpoint."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3ImageProcessorPil,
    Gemma3Processor,
)

from tests.vlms.checkpoints.llava_next import text_settings
from tests.vlms.checkpoints.tokenizer import build_tokenizer
from tests.vlms.checkpoints.weights import randomise

PATCH = 4
SIDE = 32
"""Pixels along one side: 8 patches, averaged to 4 tokens."""
TOKENS = 16
WINDOW = 64
SOFTCAP = 3.0

_SPECIAL = MappingProxyType(
    {
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
        "image_token": "<image_soft_token>",
    }
)
_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<start_of_turn>{{ message['role'] }}\n"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<start_of_image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


def build(path: Path) -> Path:
    """Save a random Gemma 3 checkpoint with capped logits in ``path`` and return ``path``."""
    tokenizer = build_tokenizer(_SPECIAL)
    configs: Any = Gemma3Config
    config = configs(
        text_config={
            **text_settings(tokenizer),
            "tie_word_embeddings": True,
            "query_pre_attn_scalar": 8,
            "sliding_window": WINDOW,
            "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
            "final_logit_softcapping": SOFTCAP,
        },
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": PATCH,
            "vision_use_head": False,
        },
        mm_tokens_per_image=TOKENS,
        boi_token_index=tokenizer.convert_tokens_to_ids("<start_of_image>"),
        eoi_token_index=tokenizer.convert_tokens_to_ids("<end_of_image>"),
        image_token_index=tokenizer.convert_tokens_to_ids("<image_soft_token>"),
    )
    torch.manual_seed(37)
    model = Gemma3ForConditionalGeneration(config)
    randomise(model)
    model.save_pretrained(path)
    images: Any = Gemma3ImageProcessorPil
    processor: Any = Gemma3Processor
    processor(
        image_processor=images(size={"height": SIDE, "width": SIDE}),
        tokenizer=tokenizer,
        image_seq_length=TOKENS,
        chat_template=_TEMPLATE,
    ).save_pretrained(path)
    return path
