"""One column of a parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.core.errors import DataError
from lenses.library.corpora.columns import choose_column
from lenses.library.corpora.phrases import Phrases, one_line

SUFFIXES = (".parquet",)
"""Ending of parquet files."""

_BATCH = 1 << 14


def open_parquet(path: Path, column: str | None) -> Phrases:
    """Return one column of strings; nulls count as empty, line breaks become spaces.

    Raises:
        UsageError: No such column, or it must be chosen.
        DataError: The file is unreadable, or a row, counted from 1, is not UTF-8.
    """
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot read corpus {path}: {error}") from error
    schema = file.schema_arrow
    texts = [field.name for field in schema if is_text(field.type)]
    chosen = choose_column(str(path), column, texts, schema.names)
    return Phrases(f"{path}#{chosen}", _cells(path, file, chosen))


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a column of type ``kind`` holds strings, perhaps dictionary-encoded."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def decoded(name: object, cells: pa.Array, first: int) -> Iterator[str]:
    """Yield the strings of a chunk whose first row has the number ``first``, each on one line.

    Raises:
        DataError: A row, named by its number, is not UTF-8.
    """
    # Whatever the encoding of the chunk is; bytes, since pyarrow does not say which row is bad.
    plain = pc.cast(pc.cast(cells, pa.large_string()), pa.large_binary())
    for number, cell in enumerate(plain.to_pylist(), start=first):
        try:
            yield one_line((cell or b"").decode())
        except UnicodeDecodeError as error:
            raise DataError(f"corpus {name}, row {number}: not UTF-8 text") from error


def _cells(path: Path, file: pq.ParquetFile, column: str) -> Iterator[str]:
    number = 1
    try:
        for batch in file.iter_batches(_BATCH, columns=[column]):
            yield from decoded(path, batch.column(0), number)
            number += len(batch)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot read corpus {path}, after row {number - 1}: {error}") from error
