"""Controlled checkpoints, each built once per session; tests must not change them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.vlms.controlled.adapter import ControlledAdapter
from tests.vlms.checkpoints.controlled import Variant, build_variant

Directory = Callable[[Variant], Path]
Loaded = Callable[[Variant], ControlledAdapter]


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """Return a function giving the directory of a variant."""
    built: dict[Variant, Path] = {}

    def get(variant: Variant) -> Path:
        if variant not in built:
            built[variant] = build_variant(tmp_path_factory.mktemp("controlled") / "m", variant)
        return built[variant]

    return get


@pytest.fixture(scope="session")
def loaded(directory: Directory) -> Loaded:
    """Return a function giving the loaded model of a variant."""
    adapters: dict[Variant, ControlledAdapter] = {}

    def get(variant: Variant) -> ControlledAdapter:
        if variant not in adapters:
            adapters[variant] = ControlledAdapter(directory(variant), "tiny", "Random weights.")
        return adapters[variant]

    return get
