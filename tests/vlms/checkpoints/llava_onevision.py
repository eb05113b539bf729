"""A tiny random LLaVA-OneVision checkpoint, whose grid is shrunk from five tiles on."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from transformers import (
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessor,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
)

from tests.vlms.checkpoints.llava_next import TEMPLATE, text_settings
from tests.vlms.checkpoints.tokenizer import build_tokenizer
from tests.vlms.checkpoints.weights import randomise

PATCH = 8
SIDE = 24
"""Pixels along one side of a tile: 3 tokens."""
ASPECT_RATIO = "anyres_max_4"


def build(path: Path, *, side: int = SIDE, most: int = 3, aspect_ratio: str = ASPECT_RATIO) -> Path:
    """Save a random LLaVA-OneVision checkpoint in ``path`` and return ``path``.

    Args:
        path: Directory to create.
        side: Pixels along one side of a tile; those beyond a multiple of the patch are not seen.
        most: Tiles along one side of the largest resolution.
        aspect_ratio: Says how many tiles keep all their tokens.
    """
    tokenizer = build_tokenizer(
        MappingProxyType({"image_token": "<image>", "video_token": "<video>"})
    )
    edges = [side * count for count in range(1, most + 1)]
    resolutions = [[high, wide] for high in edges for wide in edges]
    configs: Any = LlavaOnevisionConfig
    config = configs(
        text_config={"model_type": "qwen2", **text_settings(tokenizer)},
        vision_config={
            "model_type": "siglip_vision_model",
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": side,
            "patch_size": PATCH,
            "vision_use_head": False,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=resolutions,
        vision_aspect_ratio=aspect_ratio,
    )
    torch.manual_seed(19)
    model = LlavaOnevisionForConditionalGeneration(config)
    randomise(model)
    model.save_pretrained(path)
    images: Any = LlavaOnevisionImageProcessor
    videos: Any = LlavaOnevisionVideoProcessor
    processor: Any = LlavaOnevisionProcessor
    size = {"height": side, "width": side}
    processor(
        image_processor=images(size=size, image_grid_pinpoints=resolutions),
        tokenizer=tokenizer,
        video_processor=videos(size=size),
        num_image_tokens=(side // PATCH) ** 2,
        vision_feature_select_strategy="full",
        vision_aspect_ratio=aspect_ratio,
        chat_template=TEMPLATE,
    ).save_pretrained(path)
    return path
