"""Which reader a file gets, by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from harness.core.errors import UsageError
from lenses.library.corpora import delimited, hub, jsonlines, parquet, text
from lenses.library.corpora.delimited import open_delimited
from lenses.library.corpora.jsonlines import open_jsonlines
from lenses.library.corpora.parquet import open_parquet
from lenses.library.corpora.phrases import Phrases

_TABLES: Final[tuple[tuple[tuple[str, ...], Callable[[Path, str | None], Phrases]], ...]] = (
    (delimited.SUFFIXES, open_delimited),
    (jsonlines.SUFFIXES, open_jsonlines),
    (parquet.SUFFIXES, open_parquet),
)

SUFFIXES: Final = (*text.SUFFIXES, *(suffix for suffixes, _ in _TABLES for suffix in suffixes))
"""All endings that :func:`open_file` takes."""


def open_file(asked: str) -> Phrases:
    """Return the phrases of ``FILE`` or ``FILE#COLUMN``; a folder is read as a dataset.

    Raises:
        UsageError: No such file, an unknown ending, or a column of a file without columns.
        DataError: As the reader of its kind.
    """
    path, column = _parted(asked)
    if path.is_dir():
        return hub.open_dataset(hub.PREFIX + asked)
    if not path.is_file():
        raise UsageError(f"corpus {asked!r}: no such file")
    if path.name.endswith(text.SUFFIXES):
        if column is not None:
            raise UsageError(f"corpus {asked!r}: a text file has no columns; expected {path} alone")
        return text.open_text(path)
    for suffixes, reader in _TABLES:
        if path.name.endswith(suffixes):
            return reader(path, column)
    raise UsageError(f"corpus {asked!r}: expected a file that ends in {', '.join(SUFFIXES)}")


def _parted(asked: str) -> tuple[Path, str | None]:
    """Return file and column; a ``#`` of an existing name is part of the name."""
    if Path(asked).exists() or "#" not in asked:
        return Path(asked), None
    name, _, column = asked.rpartition("#")
    return Path(name), column
