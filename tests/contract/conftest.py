"""Models for the contract: the bundled ones and a tiny random checkpoint of every family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.vlms.registry import VLMS
from tests.vlms.checkpoints import CHECKPOINTS, build

BUNDLED = tuple(
    name
    for name, entry in zip(VLMS.names(), map(VLMS.get, VLMS.names()), strict=True)
    if isinstance(entry.source, Path) and not entry.hub
)
"""Registered models whose weights come with lensbench."""

MODELS = (*BUNDLED, *CHECKPOINTS)
"""Names of bundled models, and families with a tiny checkpoint."""


@pytest.fixture(scope="session")
def located(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return a function from an item of MODELS to what ``--vlm`` takes, built on first use."""
    built: dict[str, Path] = {}

    def locate(model: str) -> str:
        if model in BUNDLED:
            return model
        if model not in built:
            built[model] = build(model, tmp_path_factory.mktemp("checkpoints") / model)
        return str(built[model])

    return locate
