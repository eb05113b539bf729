"""How unit vectors are stored: plain floats, 8-bit floats with a scale per row, 8-bit integers.

- ``float32``, ``float16``, ``bfloat16``: the components, rounded to nearest.
- ``float8`` (e4m3fn: 3 bits of mantissa, largest value 448): ``x = scale * code``. The scale of a
  row is the smallest power of two that brings its largest component to 448 or less, so that scaling
  itself rounds nothing.
- ``int8``: ``x = mean + scale * code`` with the layer's mean vector, codes -127 to 127, and the
  scale of a row set by its largest residual.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from harness.core.errors import DataError, unknown_name

StoredType = Literal["float32", "float16", "bfloat16", "float8", "int8"]
STORED_TYPES: tuple[StoredType, ...] = get_args(StoredType)

TORCH_TYPES: dict[StoredType, torch.dtype] = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float8": torch.float8_e4m3fn,
    "int8": torch.int8,
}
"""Element types of the stored tensors."""

SCALED: tuple[StoredType, ...] = ("float8", "int8")
"""Types with a scale per row."""

LARGEST_ERROR: dict[StoredType, float] = {
    "float32": 1e-6,
    "float16": 1e-3,
    "bfloat16": 5e-3,
    "float8": 8e-2,
    "int8": 1e-1,
}
"""Generous bounds on the rounding error of a unit vector; a larger one means damage."""

STAGED: StoredType = "float16"
"""What rows of an int8 library wait in until the mean over all rows is known."""

_FLOAT8_MAX = 448.0
_INT8_MAX = 127.0
_BLOCK_VALUES = 1 << 19


@dataclass(frozen=True, slots=True)
class StoredRows:
    """Rows of one layer as they lie on disk."""

    vectors: torch.Tensor
    """[rows, d] in the stored type."""
    norms: torch.Tensor
    """[rows] float32, lengths of the states before they were brought to unit length."""
    scales: torch.Tensor | None
    """[rows] float32 for the types in ``SCALED``."""
    errors: torch.Tensor | None
    """[rows] float32, length of what rounding removed from each unit vector; None where rows were
    taken over as they were stored."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the tensors of a part file by name."""
        found = {"vectors": self.vectors, "norms": self.norms}
        return found if self.scales is None else {**found, "scales": self.scales}


def stored_type(name: str) -> StoredType:
    """Return ``name`` as a stored type.

    Raises:
        UsageError: There is no such type.
    """
    for known in STORED_TYPES:
        if known == name:
            return known
    raise unknown_name("library dtype", name, STORED_TYPES)


def staged_type(dtype: StoredType) -> StoredType:
    """Return the type in which parts are first written: int8 needs the mean of all rows."""
    return STAGED if dtype == "int8" else dtype


def store_states(states: torch.Tensor, dtype: StoredType) -> StoredRows:
    """Bring ``states`` [rows, d] to unit length in float64 and round them to ``dtype``.

    A zero state stays zero. ``int8`` is reached through :func:`store_units` with a mean only.

    Raises:
        DataError: A state holds NaN or Inf.
    """
    norms = np.empty(len(states))
    for rows in _blocks(states):
        norms[rows] = _lengths(_wide(states[rows]))
    bad = np.flatnonzero(~np.isfinite(norms))
    if len(bad):
        raise DataError(
            f"{len(bad)} of {len(states)} states hold NaN or Inf, first: row {bad[0]} of these"
        )
    divisors = np.where(norms > 0, norms, 1.0)[:, None]
    pieces = [
        _rounded(_wide(states[rows]) / divisors[rows], dtype, None) for rows in _blocks(states)
    ]
    return _joined(pieces, states.shape[1], dtype, torch.from_numpy(norms).float())


def store_units(
    units: torch.Tensor, norms: torch.Tensor, dtype: StoredType, mean: torch.Tensor | None = None
) -> StoredRows:
    """Round ``units`` [rows, d], already of unit length, to ``dtype``.

    Args:
        units: Unit vectors as they were stored in another type.
        norms: [rows], lengths of the states.
        dtype: Type to store.
        mean: [d] float32, the layer's mean; for ``int8`` only.
    """
    centre = None if mean is None else mean.double().numpy()
    pieces = [_rounded(_wide(units[rows]), dtype, centre) for rows in _blocks(units)]
    return _joined(pieces, units.shape[1], dtype, norms)


def restore(
    vectors: torch.Tensor, scales: torch.Tensor | None, mean: torch.Tensor | None
) -> torch.Tensor:
    """Return stored ``vectors`` [rows, d] as float32 unit vectors.

    Args:
        vectors: Codes or components.
        scales: [rows], or None for plain floats.
        mean: [d], for int8 only.
    """
    values = vectors.float()
    if scales is not None:
        values = values * scales[:, None]
    return values if mean is None else values + mean


def unit_sums(vectors: torch.Tensor, scales: torch.Tensor | None) -> NDArray[np.float64]:
    """Return the sum of the restored rows, [d], added in row order whatever the thread count."""
    total = np.zeros(vectors.shape[1])
    for rows in _blocks(vectors):
        block = restore(vectors[rows], None if scales is None else scales[rows], None)
        total += block.double().numpy().sum(axis=0)
    return total


def _blocks(rows: torch.Tensor) -> Iterator[slice]:
    """Yield row ranges that fit the processor's cache; they depend on the width alone."""
    size = max(1, _BLOCK_VALUES // max(1, rows.shape[1]))
    for start in range(0, len(rows), size):
        yield slice(start, start + size)


def _wide(rows: torch.Tensor) -> NDArray[np.float64]:
    return rows.detach().cpu().double().numpy()


def _rounded(
    units: NDArray[np.float64], dtype: StoredType, mean: NDArray[np.float64] | None
) -> StoredRows:
    """Round one block; the returned norms are empty."""
    centred = units if mean is None else units - mean
    scales = None
    codes = centred
    if dtype in SCALED:
        peaks = np.abs(centred).max(axis=1, initial=0.0)
        scales = _power_of_two(peaks / _FLOAT8_MAX) if dtype == "float8" else peaks / _INT8_MAX
        scales = scales.astype(np.float32)
        codes = centred / np.where(scales > 0, scales, 1.0).astype(np.float64)[:, None]
    if dtype == "int8":
        codes = np.clip(np.rint(codes), -_INT8_MAX, _INT8_MAX)
    vectors = torch.from_numpy(codes).to(TORCH_TYPES[dtype])
    held = vectors.double().numpy()
    if scales is not None:
        held *= scales.astype(np.float64)[:, None]
    lost = centred - held
    return StoredRows(
        vectors=vectors,
        norms=torch.empty(0),
        scales=None if scales is None else torch.from_numpy(scales),
        errors=torch.from_numpy(_lengths(lost)).float(),
    )


def _joined(
    pieces: list[StoredRows], width: int, dtype: StoredType, norms: torch.Tensor
) -> StoredRows:
    if not pieces:
        pieces = [_rounded(np.empty((0, width)), dtype, None)]
    scales = [piece.scales for piece in pieces if piece.scales is not None]
    errors = [piece.errors for piece in pieces if piece.errors is not None]
    return StoredRows(
        vectors=torch.cat([piece.vectors for piece in pieces]),
        norms=norms,
        scales=torch.cat(scales) if scales else None,
        errors=torch.cat(errors),
    )


def _power_of_two(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the smallest power of two that is not below each value; 0 stays 0."""
    mantissa, exponent = np.frexp(values)
    exact = mantissa == 0.5  # noqa: PLR2004
    return np.where(values > 0, np.ldexp(1.0, exponent - exact), 0.0)


def _lengths(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the length of each row; the order of summation is fixed by the width alone."""
    lengths: NDArray[np.float64] = np.sqrt(np.square(rows).sum(axis=1))
    return lengths
