"""Loading a checkpoint directory of the transformers library, completely or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers.utils import logging

from harness.core.errors import DataError, UsageError

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load_model(kind: Any, path: Path, dtype: torch.dtype) -> Any:
    """Return the model of a checkpoint directory, all of whose weights are in the checkpoint.

    Args:
        kind: An auto class of transformers, such as ``AutoModelForCausalLM``.
        path: Checkpoint directory; nothing is fetched from a network.
        dtype: Type of the weights and of the forward pass.

    Raises:
        DataError: The checkpoint is unreadable or lacks weights.
    """
    try:
        with _without_bars():
            model, report = kind.from_pretrained(
                path, dtype=dtype, local_files_only=True, output_loading_info=True
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise DataError(f"cannot load the model in {path}: {error}") from error
    if missing := sorted(report["missing_keys"]):
        raise DataError(f"{path} lacks {len(missing)} weights, the first is {missing[0]}")
    return model


def parse_dtype(name: str) -> torch.dtype:
    """Return the type of a forward pass by name; UsageError naming the known ones."""
    if name not in _DTYPES:
        raise UsageError(f"dtype {name!r}: expected one of {', '.join(_DTYPES)}")
    return _DTYPES[name]


def parse_device(name: str) -> torch.device:
    """Return the device of a name; UsageError if there is none such here."""
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"device {name!r}: expected cpu, cuda, cuda:0, mps ...") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"device {name!r}: no CUDA device is available, use cpu")
    return device


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keep the library's own progress bars off the terminal."""
    library: Any = logging
    shown = library.is_progress_bar_enabled()
    library.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            library.enable_progress_bar()
