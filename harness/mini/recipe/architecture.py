"""Sizes of the miniature, as configurations of transformers' own classes."""

from __future__ import annotations

from typing import Final

from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    PreTrainedTokenizerBase,
)

IMAGE_SIZE: Final = 144
PATCH_SIZE: Final = 16
GRID: Final = IMAGE_SIZE // PATCH_SIZE
VISUAL_TOKENS: Final = GRID * GRID
MAX_LENGTH: Final = 512
IMAGE_TOKEN: Final = "<image>"
PIXEL_MEAN: Final = 0.5
PIXEL_STD: Final = 0.5


def token_id(tokenizer: PreTrainedTokenizerBase, token: str) -> int:
    """Return the id of one token."""
    number = tokenizer.convert_tokens_to_ids(token)
    if not isinstance(number, int):
        raise TypeError(f"token {token!r} has ids {number}, expected one")
    return number


def vision_config() -> CLIPVisionConfig:
    """Return the encoder: 6 blocks of width 160 over 9 x 9 patches of 16 pixels."""
    return CLIPVisionConfig(
        hidden_size=160,
        intermediate_size=640,
        num_hidden_layers=6,
        num_attention_heads=5,
        image_size=IMAGE_SIZE,
        patch_size=PATCH_SIZE,
        hidden_act="gelu",
        attention_dropout=0.0,
    )


def text_config(tokenizer: PreTrainedTokenizerBase) -> LlamaConfig:
    """Return the language model: 8 blocks of width 192, input and output matrices apart."""
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=8,
        num_attention_heads=3,
        num_key_value_heads=3,
        max_position_embeddings=MAX_LENGTH,
        tie_word_embeddings=False,
        rms_norm_eps=1e-5,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def llava_config(tokenizer: PreTrainedTokenizerBase) -> LlavaConfig:
    """Return the whole model: encoder (last block), two-layer projector, language model."""
    return LlavaConfig(
        vision_config=vision_config(),
        text_config=text_config(tokenizer),
        image_token_index=token_id(tokenizer, IMAGE_TOKEN),
        image_seq_length=VISUAL_TOKENS,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        projector_hidden_act="gelu",
        tie_word_embeddings=False,
    )
