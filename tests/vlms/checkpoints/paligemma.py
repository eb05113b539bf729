"""Tiny random PaliGemma checkpoints."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import torch
from transformers import (
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
    SiglipImageProcessorPil,
)

from tests.vlms.checkpoints.llava_next import text_settings
from tests.vlms.checkpoints.tokenizer import build_tokenizer
from tests.vlms.checkpoints.weights import randomise

PATCH = 8
SIDE = 32
TOKENS = (SIDE // PATCH) ** 2
WINDOW = 24
"""Tokens that half of the blocks of the second generation see back."""


def build(path: Path, *, text: Literal["gemma", "gemma2"] = "gemma") -> Path:
    """Save a random PaliGemma checkpoint (with gemma2: PaliGemma 2) and return ``path``."""
    tokenizer = build_tokenizer(MappingProxyType({"image_token": "<image>"}))
    images: Any = SiglipImageProcessorPil
    image_processor = images(size={"height": SIDE, "width": SIDE})
    image_processor.image_seq_length = TOKENS
    processors: Any = PaliGemmaProcessor
    # It adds tokens for places and segments, so the vocabulary is counted afterwards.
    processor = processors(image_processor=image_processor, tokenizer=tokenizer)
    settings = text_settings(tokenizer) | {"tie_word_embeddings": True}
    if text == "gemma2":
        settings |= {"sliding_window": WINDOW, "query_pre_attn_scalar": 8}
    configs: Any = PaliGemmaConfig
    config = configs(
        text_config={"model_type": text, "use_bidirectional_attention": True, **settings},
        vision_config={
            "model_type": "siglip_vision_model",
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": PATCH,
            "vision_use_head": False,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        projection_dim=32,
        hidden_size=32,
    )
    torch.manual_seed(31)
    model = PaliGemmaForConditionalGeneration(config)
    randomise(model)
    model.save_pretrained(path)
    processor.save_pretrained(path)
    return path
