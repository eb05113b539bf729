"""Tiny random checkpoints of every family, saved by transformers and loaded by path."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import harness  # noqa: F401 (before transformers, whose image processors import torchvision)

_HERE = "tests.vlms.checkpoints"

CHECKPOINTS: Mapping[str, str] = MappingProxyType(
    {
        "gemma3": f"{_HERE}.gemma3:build",
        "idefics3": f"{_HERE}.idefics3:build",
        "internvl": f"{_HERE}.internvl:build",
        "lensbench_controlled": f"{_HERE}.controlled:build",
        "llava": f"{_HERE}.llava:build",
        "llava_next": f"{_HERE}.llava_next:build",
        "llava_onevision": f"{_HERE}.llava_onevision:build",
        "molmo": f"{_HERE}.molmo:build",
        "molmo2": f"{_HERE}.molmo2:build",
        "paligemma": f"{_HERE}.paligemma:build",
        "qwen2_5_vl": f"{_HERE}.qwen_vl:build_qwen2_5_vl",
        "qwen2_vl": f"{_HERE}.qwen_vl:build_qwen2_vl",
        "qwen3_vl": f"{_HERE}.qwen_vl:build_qwen3_vl",
        "smolvlm": f"{_HERE}.smolvlm:build",
    }
)
"""``model_type`` to the function that saves such a checkpoint in a directory."""


def build(family: str, path: Path) -> Path:
    """Save a tiny random checkpoint of a family in ``path`` and return ``path``."""
    module, _, function = CHECKPOINTS[family].partition(":")
    built: Path = getattr(importlib.import_module(module), function)(path)
    return built
