"""A torchvision whose compiled part does not fit torch can still be imported."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import sys
import harness
assert "torch" not in sys.modules
import torchvision
from torchvision.transforms.v2 import functional
import torch
print(tuple(functional.resize(torch.zeros(3, 8, 8, dtype=torch.uint8), [4, 4]).shape))
import harness.core.torchvision_import as again
again.install()
print(sum(type(finder).__name__ == "_Finder" for finder in sys.meta_path))
"""


def test_it_is_imported_and_resizes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["(3, 4, 4)", "1"]
