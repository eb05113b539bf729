"""LLaVA 1.5 with a Llama backbone."""

from __future__ import annotations

from pathlib import Path

from tests.vlms.tiny import build_tiny_llava


def build(path: Path) -> Path:
    """Save a tiny random checkpoint in ``path``."""
    return build_tiny_llava(path, zero_attention=False)
