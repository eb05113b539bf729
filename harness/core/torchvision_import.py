"""Let torchvision be imported where its compiled part does not fit the build of torch.

PyPI's torchvision for Linux is built for CUDA. Beside a CPU-only torch its compiled operators
cannot be loaded, and then the import of torchvision, and with it that of transformers, fails.
Image processors use none of these operators, so declaring their names is enough.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, Final

_NAME: Final = "torchvision"
_OPERATORS: Final = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
"""What torchvision itself refers to while it is imported."""


class _Finder(MetaPathFinder):
    """Acts on the first import of torchvision and leaves finding it to the usual finders."""

    declared: Any = None
    """The declarations, which last only as long as this reference."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return None always."""
        if fullname == _NAME and self.declared is None:
            spec = PathFinder.find_spec(fullname, path)
            if spec is not None and spec.origin is not None:
                self.declared = _declare(Path(spec.origin).parent)
        return None


def install() -> None:
    """Watch for the import of torchvision; twice is once."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _declare(package: Path) -> Any:
    """Declare the operators if the compiled part in ``package`` cannot be loaded."""
    import torch

    operators: Any = torch.ops
    libraries: Any = torch.library
    for compiled in package.glob("_C*.so"):
        try:
            operators.load_library(str(compiled))
        except OSError:
            break
        return True
    declared = libraries.Library(_NAME, "FRAGMENT")
    for operator in _OPERATORS:
        declared.define(operator)
    return declared
