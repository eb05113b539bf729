"""Where a model goes and as what, and what is said when it does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.core.errors import DataError, UsageError
from harness.vlms import loading
from harness.vlms.loading import brief, out_of_memory, parse_placement, resolve_placement


def _gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


@pytest.mark.parametrize(
    ("gpus", "dtype", "device", "parameters", "expected"),
    [
        (0, "auto", "auto", None, ("float32", "cpu")),
        (0, "bfloat16", "auto", 7.0, ("bfloat16", "cpu")),
        (1, "auto", "auto", 7.0, ("bfloat16", "cuda")),
        (2, "auto", "auto", 70.0, ("bfloat16", "auto")),
        (2, "4bit", "cuda:1", 70.0, ("4bit", "cuda:1")),
        (1, "auto", "auto", 0.006, ("float32", "cuda")),
        (1, "auto", "cpu", 7.0, ("float32", "cpu")),
    ],
)
def test_what_auto_means(
    gpus: int,
    dtype: str,
    device: str,
    parameters: float | None,
    expected: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tiny model keeps float32 on a GPU, so that its figures are those of a laptop."""
    _gpus(monkeypatch, gpus)
    assert resolve_placement(dtype, device, parameters) == expected


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """4-bit weights and several GPUs need packages that a laptop does without."""
    monkeypatch.setattr(loading, "find_spec", lambda name: None if name == "bitsandbytes" else name)
    with pytest.raises(UsageError, match="'4bit' needs the package bitsandbytes: pip install"):
        parse_placement("4bit", "cpu")
    monkeypatch.setattr(loading, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="device 'auto' needs the package accelerate"):
        parse_placement("float32", "auto")


def test_four_bits_compute_in_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "find_spec", lambda name: name)
    placement = parse_placement("4bit", "cpu")
    assert (placement.dtype, placement.four_bit) == (torch.bfloat16, True)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ..."),
    ],
)
def test_out_of_memory_says_what_to_lower(error: Exception) -> None:
    expected = "an image: out of memory; .*bfloat16 or 4bit.*--device auto"
    with pytest.raises(DataError, match=expected), out_of_memory("an image"):
        raise error


def test_a_real_failed_allocation_is_recognised() -> None:
    """Whatever torch says today when main memory is not there."""
    with pytest.raises(DataError, match="out of memory"), out_of_memory("a petabyte"):
        torch.empty(1 << 48, dtype=torch.float64)


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="shape"), out_of_memory("an image"):
        raise RuntimeError("shape mismatch")


def test_only_the_first_line_of_a_message_is_shown(tmp_path: Path) -> None:
    assert brief(OSError("no such file\n\nIf you were trying ...")) == "no such file"
    assert brief(ValueError("")) == "ValueError"
