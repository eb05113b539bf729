"""Libraries whose states a test chooses, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from lenses.library.manifest import LibraryKey, Source
from lenses.library.rows import ROW_SCHEMA
from lenses.library.store import Library
from lenses.library.writer import write_library


def planted_library(path: Path, states: Mapping[int, torch.Tensor], part_rows: int = 16) -> Library:
    """Write a library of one-word phrases; row r has token id r.

    Args:
        path: New folder.
        states: Contextual layer to [rows, d], equally many rows each.
        part_rows: Rows per file.
    """
    rows = len(next(iter(states.values())))
    key = LibraryKey(
        model_hash="1" * 64,
        tokenizer_hash="2" * 64,
        corpus_hash="3" * 64,
        layers=tuple(states),
        policy="reservoir",
        cap=20,
        seed=0,
        dtype="float32",
        precision="float32",
        max_tokens=512,
        part_rows=part_rows,
    )
    words = [f"w{number:06d}" for number in range(rows)]
    table = pa.table(
        {
            "phrase": np.arange(rows),
            "position": np.zeros(rows, dtype=np.int32),
            "token_id": np.arange(rows, dtype=np.int32),
            "token": words,
            "word": words,
            "start": np.zeros(rows, dtype=np.int32),
            "end": np.full(rows, 7, dtype=np.int32),
            "prefix": np.arange(rows, dtype=np.uint64),
        },
        schema=ROW_SCHEMA,
    )
    return write_library(
        path,
        key,
        table,
        words,
        lambda layer, start, stop: states[layer][start:stop],
        source=Source(name="planted"),
    )


def noise(seed: int, *shape: int) -> torch.Tensor:
    """Return Gaussian noise."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
