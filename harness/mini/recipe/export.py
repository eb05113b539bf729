"""A trained miniature as an ordinary checkpoint directory."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    CLIPImageProcessorPil,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from harness.mini.recipe.architecture import (
    IMAGE_SIZE,
    IMAGE_TOKEN,
    PATCH_SIZE,
    PIXEL_MEAN,
    PIXEL_STD,
)


def export(
    model: LlavaForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, path: Path
) -> None:
    """Write model (bfloat16 safetensors) and processor to ``path``; ``model`` becomes bfloat16."""
    path.mkdir(parents=True, exist_ok=True)
    model.to(dtype=torch.bfloat16)  # type: ignore[call-arg]
    model.save_pretrained(path)
    side = {"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    pixels = CLIPImageProcessorPil(
        size={"shortest_edge": IMAGE_SIZE},
        crop_size=side,
        image_mean=[PIXEL_MEAN] * 3,
        image_std=[PIXEL_STD] * 3,
    )
    processor = LlavaProcessor(  # type: ignore[no-untyped-call]
        image_processor=pixels,
        tokenizer=tokenizer,
        patch_size=PATCH_SIZE,
        num_additional_image_tokens=1,
        vision_feature_select_strategy="default",
        image_token=IMAGE_TOKEN,
    )
    processor.save_pretrained(path)
