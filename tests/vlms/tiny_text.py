"""Tiny random language models of many families, saved and loaded by path like real ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from harness.vlms.text import CausalTextModel
from tests.vlms.tiny import build_tokenizer

DEPTH = 3
WINDOW = 6
"""Tokens that the families with sliding windows see back."""

_SIZES = {
    "vocab_size": 400,
    "hidden_size": 32,
    "num_hidden_layers": DEPTH,
    "num_attention_heads": 4,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 2,
}
_GROUPED = {"intermediate_size": 64, "num_key_value_heads": 2, "head_dim": 8}
FAMILIES: Mapping[str, Mapping[str, Any]] = {
    "llama": _GROUPED,
    "qwen2": _GROUPED,
    "mistral": {**_GROUPED, "sliding_window": WINDOW},
    "gemma3_text": {**_GROUPED, "sliding_window": WINDOW},
    "gpt2": {},
    "opt": {"ffn_dim": 64, "word_embed_proj_dim": 32},
    "bloom": {},
    "mamba": {},
}
"""``model_type`` to what its configuration takes beyond the common sizes."""


def build_tiny_text(path: Path, family: str, **changes: Any) -> Path:
    """Save a random checkpoint of a family in ``path`` and return ``path``.

    Weights are large, so that attention is far from uniform and every token it gains or loses
    shows.
    """
    settings = {**_SIZES, **FAMILIES[family], **changes}
    config = AutoConfig.for_model(family, **settings)
    models: Any = AutoModelForCausalLM
    torch.manual_seed(5)
    model = models.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2 and "embed" not in name:
                parameter.mul_(8)
    model.save_pretrained(path)
    build_tokenizer().save_pretrained(path)
    return path


def load_tiny_text(
    path: Path, family: str, dtype: str = "float32", **changes: Any
) -> CausalTextModel:
    """Build and load a random model of a family."""
    return CausalTextModel(build_tiny_text(path, family, **changes), dtype)
