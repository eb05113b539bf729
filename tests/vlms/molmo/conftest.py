"""One tiny checkpoint for all tests of Molmo."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from harness.vlms.families.molmo import MolmoAdapter
from tests.vlms.checkpoints.molmo import build


@pytest.fixture(scope="session")
def molmo_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a tiny random checkpoint; tests must not change it."""
    return build(tmp_path_factory.mktemp("molmo") / "tiny")


@pytest.fixture(scope="session")
def molmo(molmo_path: Path) -> MolmoAdapter:
    """Return the loaded model; tests must not change it."""
    return MolmoAdapter(molmo_path, "molmo", "random")


@pytest.fixture(scope="session")
def stored(molmo_path: Path) -> dict[str, torch.Tensor]:
    """Return the weights by their published names."""
    return {
        name: tensor
        for file in sorted(molmo_path.glob("*.safetensors"))
        for name, tensor in load_file(file).items()
    }
