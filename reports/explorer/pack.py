"""The byte format of the explorer: columns as byte planes, deflated and written in base64."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_LEVEL: Final = 6  # level 9 saves 0.3 % in four times the time
_WIDTHS: Final = {"u8": 1, "u16": 2, "u32": 4}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a chunk of cells."""

    name: str
    """``row``, ``col``, ``count``, ``answer``, ``score``, or ``status``, ``hit``, ``relation`` or
    ``reason`` with the number of a judge."""
    values: npt.NDArray[Any]
    """Whole numbers from 0."""
    least: str = "u8"
    """Narrowest type that it may have."""


def chunk(data: bytes) -> str:
    """Return ``data`` as base64 of a raw deflate stream (RFC 1951, no header, no checksum)."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return base64.b64encode(packer.compress(data) + packer.flush()).decode("ascii")


def cells_data(header: Mapping[str, Any], columns: Sequence[Column]) -> bytes:
    """Return a chunk of cells before compression.

    Its first four bytes are the length of the header, little endian; then come the header (JSON
    in UTF-8 with name, type and length of every column under ``columns``) and the columns. Columns
    wider than a byte are written as byte planes: the low bytes of all values, then the next bytes.
    """
    typed = [(column, _type(column)) for column in columns]
    named = [[column.name, kind, len(column.values)] for column, kind in typed]
    head = json.dumps({**header, "columns": named}, separators=(",", ":")).encode()
    planes = [_planes(column.values, _WIDTHS[kind]) for column, kind in typed]
    return b"".join([len(head).to_bytes(4, "little"), head, *planes])


def _type(column: Column) -> str:
    """Return the narrowest type that holds the values, from ``column.least`` up."""
    wanted = int(column.values.max(initial=0))
    widths = {kind: width for kind, width in _WIDTHS.items() if width >= _WIDTHS[column.least]}
    return next(kind for kind, width in widths.items() if wanted < 1 << 8 * width)


def _planes(values: npt.NDArray[Any], width: int) -> bytes:
    wide = np.ascontiguousarray(values, dtype="<u4").view(np.uint8).reshape(-1, 4)
    return wide[:, :width].T.tobytes()
