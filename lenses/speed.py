"""Which form of the scan this machine multiplies fastest, measured once per process."""

from __future__ import annotations

import time
from functools import cache

import torch

from lenses.codes import Codes, Multiplier, ScanKind, narrow

_SHAPE = (512, 1024, 2048)
_REPEATS = 3


@cache
def fastest_kind(device: str = "cpu") -> ScanKind:
    """Return the kind of the quickest product on ``device``; takes some milliseconds once.

    bfloat16 is left out on CUDA, where partial sums may be rounded and no bound holds.
    """
    kinds: tuple[ScanKind, ...] = ("float32", "int8")
    if not device.startswith("cuda"):
        kinds = ("float32", "bfloat16", "int8")
    return max(kinds, key=lambda kind: product_rate(kind, device))


def product_rate(kind: ScanKind, device: str, shape: tuple[int, int, int] = _SHAPE) -> float:
    """Return the operations per second of one product [n, d] x [d, m] of codes."""
    n, width, m = shape
    left, right = (_codes(rows, width, kind, device) for rows in (n, m))
    multiply = Multiplier()
    multiply(left, right)
    best = min(_seconds(multiply, left, right) for _ in range(_REPEATS))
    return 2 * n * width * m / best


def _codes(rows: int, width: int, kind: ScanKind, device: str) -> Codes:
    generator = torch.Generator().manual_seed(rows)
    vectors = torch.randn(rows, width, generator=generator).to(device) / width**0.5
    return narrow(vectors, kind, 1)


def _seconds(multiply: Multiplier, left: Codes, right: Codes) -> float:
    start = time.perf_counter()
    # The largest value reaches the CPU only when a GPU has finished.
    float(multiply(left, right).view(-1)[-1])
    return time.perf_counter() - start
