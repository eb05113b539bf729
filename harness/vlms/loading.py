"""Loading a checkpoint directory of the transformers library, completely or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from transformers import BitsAndBytesConfig
from transformers.utils import logging

from harness.core.errors import DataError, UsageError

AUTO: Final = "auto"
FOUR_BIT: Final = "4bit"
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_TINY: Final = 0.1
"""Models below this many billion parameters run in float32 everywhere."""
_NO_CPU_MEMORY: Final = "DefaultCPUAllocator"
"""How torch begins the message of a failed allocation in main memory."""

_LOWER: Final = (
    "lower it by --dtype bfloat16 or 4bit, spread the model over several GPUs by --device auto, or "
    "show smaller images (--max-pixels for models that scale them); what is done is kept"
)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model's weights lie and of what type they are."""

    dtype: torch.dtype
    """Type of the forward pass."""
    device: torch.device | None
    """The one device; None to spread the model over all there are."""
    four_bit: bool = False
    """Whether the weights are quantised to 4 bits (NF4) as they are loaded."""


def resolve_placement(dtype: str, device: str, parameters: float | None) -> tuple[str, str]:
    """Return type and device with ``auto`` replaced by what this machine suggests.

    Args:
        dtype: A type, or auto: bfloat16 on a GPU unless the model is tiny, float32 elsewhere.
        device: A device, or auto: all GPUs together if there are any, else the CPU.
        parameters: Parameters of the model in billions; None if unknown.
    """
    if device == AUTO and not torch.cuda.is_available():
        device = "cpu"
    if dtype == AUTO:
        tiny = parameters is not None and parameters < _TINY
        dtype = "float32" if tiny or device in ("cpu", "mps") else "bfloat16"
    if device == AUTO and torch.cuda.device_count() == 1:
        device = "cuda"
    return dtype, device


def parse_placement(dtype: str, device: str) -> Placement:
    """Return the placement of two names.

    Args:
        dtype: float32, bfloat16, float16, or 4bit (computing in bfloat16).
        device: A torch device, or ``auto`` for all GPUs together.

    Raises:
        UsageError: Unknown type, unavailable device, or a package that is not installed.
    """
    place = None if device == AUTO else parse_device(device)
    if device == AUTO:
        _require("accelerate", f"device {device!r}")
    if dtype != FOUR_BIT:
        return Placement(parse_dtype(dtype), place)
    _require("accelerate", f"dtype {dtype!r}")
    _require("bitsandbytes", f"dtype {dtype!r}")
    return Placement(torch.bfloat16, place, four_bit=True)


def load_model(kind: Any, path: Path, placement: Placement, advice: str = _LOWER) -> Any:
    """Return the model of a checkpoint directory, all of whose weights are in the checkpoint.

    Args:
        kind: An auto class of transformers, such as ``AutoModelForCausalLM``.
        path: Checkpoint directory; nothing is fetched from a network.
        placement: Where to and as what.
        advice: What to do if memory runs out.

    Raises:
        DataError: The checkpoint is unreadable, lacks weights, or does not fit into memory.
    """
    # Said, since a checkpoint that names code of its own is otherwise asked about on the terminal.
    options: dict[str, Any] = {"dtype": placement.dtype, "trust_remote_code": False}
    if placement.four_bit:
        config: Any = BitsAndBytesConfig
        options["quantization_config"] = config(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=placement.dtype
        )
    if placement.device is None:
        options["device_map"] = AUTO
    elif placement.four_bit:
        options["device_map"] = {"": placement.device}
    try:
        with out_of_memory(f"loading {path}", advice), without_bars():
            model, report = kind.from_pretrained(
                path, local_files_only=True, output_loading_info=True, **options
            )
            if "device_map" not in options:
                model = model.to(placement.device)
    except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as error:
        raise DataError(f"cannot load the model in {path}: {brief(error)}") from error
    if missing := sorted(report["missing_keys"]):
        raise DataError(f"{path} lacks {len(missing)} weights, the first is {missing[0]}")
    return model.eval()


@contextmanager
def out_of_memory(what: str, advice: str = _LOWER) -> Iterator[None]:
    """Turn a failed allocation inside into a DataError that says ``what`` failed, with advice."""
    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError) as error:
        if not isinstance(error, torch.OutOfMemoryError) and _NO_CPU_MEMORY not in str(error):
            raise
        raise DataError(f"{what}: out of memory; {advice}") from error


def parse_dtype(name: str) -> torch.dtype:
    """Return the type of a forward pass by name; UsageError naming the known ones."""
    if name not in _DTYPES:
        raise UsageError(f"dtype {name!r}: expected one of {', '.join(_DTYPES)}, {FOUR_BIT}")
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


def brief(error: BaseException) -> str:
    """Return the first line of an error's message, without the guesses of transformers at it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].partition(". If you")[0] if lines else type(error).__name__


def _require(package: str, what: str) -> None:
    if find_spec(package) is None:
        raise UsageError(f"{what} needs the package {package}: pip install 'lensbench[models]'")


@contextmanager
def without_bars() -> Iterator[None]:
    """Keep the library's own progress bars off the terminal."""
    library: Any = logging
    shown = library.is_progress_bar_enabled()
    library.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            library.enable_progress_bar()
