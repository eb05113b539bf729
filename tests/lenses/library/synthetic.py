"""Libraries of random states: as large as a test wants, and known without a model."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from lenses.library.dtypes import stored_type
from lenses.library.manifest import LibraryKey, Source
from lenses.library.rows import ROW_SCHEMA
from lenses.library.store import Library
from lenses.library.writer import write_library


def random_states(layer: int, rows: int, width: int) -> torch.Tensor:
    """Return states [rows, width] with a common direction, as hidden states have."""
    generator = torch.Generator().manual_seed(layer)
    return torch.randn(rows, width, generator=generator) + 0.3


def random_library(
    path: Path,
    rows: int,
    width: int,
    layers: tuple[int, ...] = (1, 2, 4),
    *,
    dtype: str = "float32",
    part_rows: int = 4096,
) -> Library:
    """Write a library of ``rows`` one-word phrases."""
    key = LibraryKey(
        model_hash="1" * 64,
        tokenizer_hash="2" * 64,
        corpus_hash="3" * 64,
        layers=layers,
        policy="reservoir",
        cap=20,
        seed=0,
        dtype=stored_type(dtype),
        precision="float32",
        max_tokens=512,
        part_rows=part_rows,
    )
    words = [f"w{number:08d}" for number in range(rows)]
    table = pa.table(
        {
            "phrase": np.arange(rows),
            "position": np.zeros(rows, dtype=np.int32),
            "token_id": np.arange(rows, dtype=np.int32),
            "token": words,
            "word": words,
            "start": np.zeros(rows, dtype=np.int32),
            "end": np.full(rows, 9, dtype=np.int32),
            "prefix": np.arange(rows, dtype=np.uint64),
        },
        schema=ROW_SCHEMA,
    )
    made = cache(lambda layer: random_states(layer, rows, width))
    return write_library(
        path, key, table, words, lambda layer, start, stop: made(layer)[start:stop],
        source=Source(name="random"),
    )  # fmt: skip
