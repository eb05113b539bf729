"""One column of a dataset in the Hugging Face format: a folder, or a hub id at a commit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

from harness.core.errors import DataError
from harness.data.hub import FORM, PREFIX, first_line, open_rows, parse_address
from lenses.library.corpora.columns import choose_column
from lenses.library.corpora.parquet import decoded, is_text
from lenses.library.corpora.phrases import Phrases

__all__ = ["FORM", "PREFIX", "open_dataset"]

_KIND: Final = "corpus"
_BATCH: Final = 1 << 14
_SAMPLE: Final = 100
# Tables, and the card that says which files make a config and a split; no pictures.
_FILES: Final = ("parquet", "arrow", "csv", "tsv", "json", "jsonl", "txt", "gz", "zst", "md")


def open_dataset(text: str) -> Phrases:
    """Return one column of a dataset; nulls count as empty, line breaks become spaces.

    A folder holds files that the ``datasets`` package reads (parquet, CSV, JSON, text) or what its
    ``save_to_disk`` wrote. A hub id is fetched, or taken from the hub's cache on this machine where
    there is no network; the name of the result has the commit in it. Without a split, it is the
    only one or ``train``.

    Args:
        text: ``hf:FOLDER_OR_ID[@REVISION][:CONFIG[/SPLIT]][#COLUMN]``.

    Raises:
        UsageError: Not of this form, no such folder, config, split or column, one of them has to be
            chosen, or the ``datasets`` package is not installed.
        DataError: The dataset can neither be found on this machine nor fetched, or is unreadable.
    """
    address = parse_address(text, _KIND)
    found = open_rows(
        text,
        address,
        "a folder",
        kind=_KIND,
        patterns=[f"*.{ending}" for ending in _FILES],
    )
    try:
        rows = found.table.with_format("arrow")
        schema = next(iter(rows.iter(batch_size=_SAMPLE)), pa.table({})).schema
    except found.broken as error:
        raise DataError(f"cannot read corpus {text!r}: {first_line(error)}") from error
    name = found.name
    texts = [field.name for field in schema if is_text(field.type)]
    column = choose_column(name, address.column or None, texts, schema.names)
    return Phrases(f"{name}#{column}", _cells(f"{name}#{column}", rows, column, found.broken))


def _cells(name: str, rows: Any, column: str, broken: tuple[type[Exception], ...]) -> Iterator[str]:
    number = 1
    try:
        for table in rows.select_columns([column]).iter(batch_size=_BATCH):
            for chunk in table.column(0).chunks:
                yield from decoded(name, chunk, number)
                number += len(chunk)
    except broken as error:
        raise DataError(
            f"cannot read corpus {name}, after row {number - 1}: {first_line(error)}"
        ) from error
