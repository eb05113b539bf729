"""A tiny random Molmo2 checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch
from transformers import (
    Molmo2Config,
    Molmo2ForConditionalGeneration,
    Molmo2ImageProcessor,
    Molmo2Processor,
    Molmo2VideoProcessor,
)

from tests.vlms.checkpoints.tokenizer import build_tokenizer
from tests.vlms.checkpoints.weights import randomise

PATCH = 4
SIDE = 28
"""Pixels along one side of a crop: 7 patches, so pooling by two leaves half cells at the end."""
POOLING = (2, 2)
MARGINS = (1, 1)
MAX_CROPS = 4
DEPTH = 3

_IMAGE: Final = (
    "<|image|>",
    "<|video|>",
    "<im_patch>",
    "<im_col>",
    "<im_start>",
    "<low_res_im_start>",
    "<frame_start>",
    "<im_end>",
    "<frame_end>",
    "<im_low>",
)
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|image|>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def build(path: Path) -> Path:
    """Save a random Molmo2 checkpoint of up to four crops in ``path`` and return ``path``.

    As in released checkpoints, image tokens follow the base vocabulary and have no output row.
    """
    tokenizer = build_tokenizer({}, bos=False)
    words = len(tokenizer)
    tokenizer.add_tokens(list(_IMAGE), special_tokens=True)
    ids = tokenizer.get_vocab()
    config = Molmo2Config(
        text_config={
            "vocab_size": words,
            "additional_vocab_size": len(_IMAGE) + 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": DEPTH,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "max_position_embeddings": 1024,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "image_size": [SIDE, SIDE],
            "patch_size": PATCH,
        },
        adapter_config={
            "vision_feature_layer": [2, 0],
            "hidden_size": 16,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "intermediate_size": 32,
            "text_hidden_size": 32,
        },
        image_start_token_id=ids["<im_start>"],
        low_res_image_start_token_id=ids["<low_res_im_start>"],
        image_end_token_id=ids["<im_end>"],
        image_patch_id=ids["<im_patch>"],
        frame_start_token_id=ids["<frame_start>"],
        frame_end_token_id=ids["<frame_end>"],
    )
    torch.manual_seed(17)
    model = Molmo2ForConditionalGeneration(config)
    randomise(model)
    model.save_pretrained(path)
    _processor(tokenizer).save_pretrained(path)
    return path


def _processor(tokenizer: Any) -> Any:
    processor: Any = Molmo2Processor
    images: Any = Molmo2ImageProcessor
    videos: Any = Molmo2VideoProcessor
    size = {"height": SIDE, "width": SIDE}
    return processor(
        image_processor=images(
            size=size,
            patch_size=PATCH,
            pooling_size=list(POOLING),
            overlap_margins=list(MARGINS),
            max_crops=MAX_CROPS,
        ),
        video_processor=videos(size=size, patch_size=PATCH),
        tokenizer=tokenizer,
        chat_template=_TEMPLATE,
    )
