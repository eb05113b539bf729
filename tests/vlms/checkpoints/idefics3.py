"""A tiny random Idefics3 checkpoint."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
)

from tests.vlms.checkpoints.llava_next import TEMPLATE, text_settings
from tests.vlms.checkpoints.tokenizer import build_tokenizer
from tests.vlms.checkpoints.weights import randomise

PATCH = 4
FACTOR = 2
SIDE = 24
"""Pixels along one side of a tile: 6 patches, 3 tokens."""
LONGEST = 64

SPECIAL = MappingProxyType(
    {
        "image_token": "<image>",
        "fake_image_token": "<fake_token_around_image>",
        "global_image_token": "<global-img>",
        "end_of_utterance_token": "<end_of_utterance>",
        **{
            f"row_{row}_col_{col}_token": f"<row_{row}_col_{col}>"
            for row in range(1, 4)
            for col in range(1, 4)
        },
    }
)
"""Tokens of Idefics3 and SmolVLM, with those that announce tiles."""


def build(path: Path, *, side: int = SIDE, longest: int = LONGEST) -> Path:
    """Save a random Idefics3 checkpoint of up to 3x3 tiles in ``path`` and return ``path``.

    Args:
        path: Directory to create.
        side: Pixels along one side of a tile; those beyond a multiple of the patch are not seen.
        longest: Pixels that the longest edge of an image is brought to.
    """
    tokenizer = build_tokenizer(SPECIAL)
    configs: Any = Idefics3Config
    config = configs(
        text_config={"model_type": "llama", **text_settings(tokenizer)},
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": side,
            "patch_size": PATCH,
        },
        scale_factor=FACTOR,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    )
    torch.manual_seed(23)
    model = Idefics3ForConditionalGeneration(config)
    randomise(model)
    model.save_pretrained(path)
    images: Any = Idefics3ImageProcessorPil
    processor: Any = Idefics3Processor
    processor(
        image_processor=images(
            size={"longest_edge": longest}, max_image_size={"longest_edge": side}
        ),
        tokenizer=tokenizer,
        image_seq_len=(side // PATCH // FACTOR) ** 2,
        chat_template=TEMPLATE,
    ).save_pretrained(path)
    return path
