"""What building a library will cost, known before any forward pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.core.errors import UsageError, unknown_name
from harness.core.records import Record
from lenses.library.dtypes import SCALED, STORED_TYPES, TORCH_TYPES
from lenses.library.encode import PACK_BATCH, PACK_WIDTH
from lenses.library.packs import pack_rows
from lenses.library.plan import PART_ROWS, Plan, part_bounds
from lenses.library.tokenise import TokenisedCorpus

_FLOAT32_BYTES = 4


class Estimate(Record):
    """Size and cost of a library."""

    rows: int
    """Rows per layer."""
    phrases: int
    """Phrases that hold a row."""
    layers: int
    """Contextual layers."""
    forward_tokens: int
    """Positions that are run, padding included."""
    bytes: int
    """Size of the layer files: vectors, norms and scales."""
    seconds: float | None
    """Time of the forward passes at the measured rate; None if no rate is known."""

    def summary(self) -> str:
        """Return one line for the user."""
        parts = [
            f"{_grouped(self.rows)} rows x {self.layers} layers",
            f"{_scaled(self.forward_tokens, ('', ' k', ' M', ' G'))} forward tokens",
            _scaled(self.bytes, (" B", " kB", " MB", " GB", " TB")),
        ]
        if self.seconds is not None:
            parts.append(f"about {_duration(self.seconds)}")
        return ", ".join(parts)


def estimate_library(
    tokenised: TokenisedCorpus,
    plan: Plan,
    packing: str,
    layers: Sequence[int],
    hidden: int,
    dtype: str,
    rate: float | None = None,
    *,
    part_rows: int = PART_ROWS,
    width: int = PACK_WIDTH,
    batch: int = PACK_BATCH,
) -> Estimate:
    """Return what the library of ``plan`` will cost.

    Args:
        tokenised: The corpus.
        plan: Its plan.
        packing: One of ``packs.PACKINGS``.
        layers: Contextual layers.
        hidden: Width of a state.
        dtype: Stored type, one of ``dtypes.STORED_TYPES``.
        rate: Measured positions per second of the forward pass.
        part_rows: Rows per part.
        width: Tokens per pack.
        batch: Packs per forward pass.

    Raises:
        UsageError: Unknown ``packing`` or ``dtype``, or a ``rate`` that is not positive.
    """
    if dtype not in STORED_TYPES:
        raise unknown_name("library dtype", dtype, STORED_TYPES)
    if rate is not None and not rate > 0:
        raise UsageError(f"rate={rate}: expected more than 0 positions per second")
    tokens = sum(
        packed.ids.size
        for start, stop in part_bounds(plan, part_rows)
        for packed in pack_rows(tokenised, plan, start, stop, packing, width=width, batch=batch)
    )
    floats = 2 if dtype in SCALED else 1
    row_bytes = hidden * TORCH_TYPES[dtype].itemsize + floats * _FLOAT32_BYTES
    return Estimate(
        rows=len(plan),
        phrases=len(np.unique(plan.phrases)),
        layers=len(layers),
        forward_tokens=tokens,
        bytes=len(plan) * len(layers) * row_bytes,
        seconds=None if rate is None else tokens / rate,
    )


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _scaled(number: float, units: Sequence[str]) -> str:
    """Return ``number`` in the largest unit that leaves 1 or more, two digits at least."""
    unit = 0
    while number >= 1000 and unit < len(units) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.1f}{units[unit]}" if unit and number < 10 else f"{number:.0f}{units[unit]}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
