"""Columns of descriptions, whatever holds them, as numpy arrays and numbered texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints: TypeAlias = npt.NDArray[np.signedinteger[Any]]
"""Any whole numbers."""

Floats: TypeAlias = npt.NDArray[np.float64]
"""Any numbers."""

Bytes: TypeAlias = npt.NDArray[np.uint8]
"""Small codes."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of text with each distinct text kept once."""

    codes: npt.NDArray[np.int32]
    """[rows] place of each row's text in ``distinct``."""
    distinct: list[str]
    """Distinct texts in no order, each as :func:`clean` gives it, which keeps its length."""

    def places(self, known: Sequence[str]) -> npt.NDArray[np.int32]:
        """Return [rows] the place of each row's text in ``known``, -1 for any other text."""
        order = {text: place for place, text in enumerate(known)}
        found = np.array([order.get(text, -1) for text in self.distinct], dtype=np.int32)
        return found[self.codes]


def clean(text: str) -> str:
    """Return ``text`` with U+FFFD for every lone surrogate, which UTF-8 cannot hold."""
    return _SURROGATE.sub(_REPLACEMENT, text)


def texts(columns: Iterable[Any]) -> Texts:
    """Return columns of text one after the other; a missing text is empty."""
    chunks = [chunk for column in columns for chunk in _strings(column).chunks]
    joined = pa.chunked_array(chunks, type=pa.string()).fill_null("").dictionary_encode()
    whole = joined.combine_chunks()
    codes = whole.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    return Texts(codes, whole.dictionary.to_pylist())


def integers(columns: Iterable[Any], missing: int = -1) -> npt.NDArray[np.int64]:
    """Return columns of whole numbers one after the other; None and NaN become ``missing``."""
    values = numbers(columns)
    values[np.isnan(values)] = missing
    return values.astype(np.int64)


def numbers(columns: Iterable[Any]) -> Floats:
    """Return columns of numbers one after the other; None becomes NaN."""
    found = [_numbers(column) for column in columns]
    return np.concatenate([np.zeros(0), *found])


def dense(codes: Ints) -> npt.NDArray[np.int32]:
    """Return equal numbers for equal ``codes``, from 0 without gaps, in order of appearance."""
    found = pa.array(codes).dictionary_encode().indices
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int32)


def _strings(column: Any) -> pa.ChunkedArray:
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return _chunked(column).cast(pa.string())
    values = column.tolist() if isinstance(column, np.ndarray) else column
    try:
        return _chunked(pa.array(values, pa.string()))
    except UnicodeEncodeError:
        cleaned = [None if text is None else clean(text) for text in values]
        return _chunked(pa.array(cleaned, pa.string()))


def _numbers(column: Any) -> Floats:
    made = column
    if not isinstance(column, pa.Array | pa.ChunkedArray):
        made = pa.array(column, from_pandas=True)
    values = _chunked(made).cast(pa.float64()).fill_null(float("nan"))
    return np.asarray(values.to_numpy(), dtype=np.float64)


def _chunked(values: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    return values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
