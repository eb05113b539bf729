"""Tiny checkpoints, built once per session and loaded by path."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.vlms.families.llava import LlavaAdapter
from tests.vlms.tiny import Checkpoint, Mode, Norm, build_tiny_llava, load


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Return a function giving the checkpoint of a norm and an image mode, built on first use."""
    built: dict[tuple[Norm, Mode], Path] = {}

    def get(norm: Norm, mode: Mode) -> Path:
        if (norm, mode) not in built:
            path = tmp_path_factory.mktemp("llava") / f"{norm}-{mode}"
            built[norm, mode] = build_tiny_llava(path, norm=norm, mode=mode)
        return built[norm, mode]

    return get


@pytest.fixture(scope="session")
def adapter(checkpoint: Checkpoint) -> LlavaAdapter:
    """Return the loaded Llama-based model; tests must not change it."""
    return load(checkpoint("rms", "crop"))
