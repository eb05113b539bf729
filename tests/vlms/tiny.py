"""Tiny random LLaVA checkpoints, built in a second and loaded by path like real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaImageProcessorPil,
    LlavaProcessor,
    OlmoConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    StableLmConfig,
)

from harness.vlms.families.llava import LlavaAdapter
from harness.vlms.registry import load_vlm

Norm = Literal["rms", "qwen", "layer", "layer-bare"]
Mode = Literal["crop", "squash", "pad"]
Checkpoint = Callable[[Norm, Mode], Path]

PATCH = 8
SENTENCES = (
    "a red ball lies on the green grass under a blue sky",
    "two dogs run past an old wooden house",
    "the boat with a white sail crosses the lake",
    "there is a tall tree beside the road and a small bird in it",
)
_SPECIAL = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "image_token": "<image>",
}
_TEXT_CONFIGS = {
    "rms": LlamaConfig,
    "qwen": Qwen2Config,
    "layer": StableLmConfig,
    "layer-bare": OlmoConfig,
}


def build_tiny_llava(
    path: Path,
    *,
    norm: Norm = "rms",
    layers: int = 3,
    hidden: int = 32,
    grid: int = 4,
    mode: Mode = "crop",
    zero_attention: bool = True,
) -> Path:
    """Save a random LLaVA checkpoint in ``path`` and return ``path``.

    Args:
        path: Directory to create.
        norm: Final norm: rms (Llama), qwen (Qwen2), layer (StableLM), layer-bare (OLMo, which has
            no parameters). Norm weights are random: at one, a norm applied twice goes unnoticed.
        layers: Decoder blocks.
        hidden: Width of the residual stream, a multiple of 8.
        grid: Rows and columns of visual tokens.
        mode: What the image processor does: crop, squash or pad.
        zero_attention: Zero the encoder's attention, so that a token sees its own pixels only.
    """
    tokenizer = build_tokenizer()
    torch.manual_seed(7)
    text = _TEXT_CONFIGS[norm](
        vocab_size=len(tokenizer) + 5,
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=False,
    )
    vision = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        image_size=grid * PATCH,
        patch_size=PATCH,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.encode("<image>", add_special_tokens=False)[0],
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
    )
    model = LlavaForConditionalGeneration(config)
    _randomise(model, zero_attention)
    model.save_pretrained(path)
    processor: Any = LlavaProcessor
    processor(
        image_processor=build_image_processor(mode, grid * PATCH),
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    ).save_pretrained(path)
    return path


def load(path: Path, dtype: str = "float32") -> LlavaAdapter:
    """Load a checkpoint directory of the llava family."""
    return cast(LlavaAdapter, load_vlm(str(path), dtype))


def build_image_processor(mode: Mode, side: int, **settings: Any) -> Any:
    """Return transformers' image processor of a mode for a ``side`` x ``side`` canvas."""
    if mode == "pad":
        return LlavaImageProcessorPil(
            do_pad=True,
            size={"shortest_edge": side},
            crop_size={"height": side, "width": side},
            **settings,
        )
    square = {"height": side, "width": side}
    size = square if mode == "squash" else {"shortest_edge": side}
    return CLIPImageProcessorPil(size=size, crop_size=square, **settings)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer trained on :data:`SENTENCES`, with a BOS token."""
    inner = Tokenizer(models.BPE(unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(_SPECIAL.values()),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(SENTENCES, trainer)
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", inner.token_to_id("<s>"))]
    )
    wrapper: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = wrapper(
        tokenizer_object=inner,
        **{name: token for name, token in _SPECIAL.items() if name != "image_token"},
        extra_special_tokens={"image_token": _SPECIAL["image_token"]},
    )
    return tokenizer


def _randomise(model: LlavaForConditionalGeneration, zero_attention: bool) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.add_(0.5 * torch.rand_like(parameter))
            elif parameter.ndim == 2:
                parameter.mul_(5)
            if zero_attention and "vision_tower" in name and ".out_proj." in name:
                parameter.zero_()
