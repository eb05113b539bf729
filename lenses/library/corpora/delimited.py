"""One column of a CSV or TSV file whose first row names the columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from harness.core.errors import DataError
from lenses.library.corpora.columns import choose_column
from lenses.library.corpora.phrases import Phrases, one_line
from lenses.library.corpora.text import text_lines

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
"""Endings of delimited files; ``.tsv`` is separated by tabs, both may quote cells by ``"``."""

_SAMPLE = 100


def open_delimited(path: Path, column: str | None) -> Phrases:
    """Return one column; line breaks inside a quoted cell become spaces.

    Without ``column``, a column holds text if one of its first 100 cells is neither empty nor a
    number.

    Raises:
        UsageError: No such column, or it must be chosen.
        DataError: The file has no header, a row has another number of cells, or as
            :func:`lenses.library.corpora.text.text_lines`; rows are named by their last line.
    """
    rows = _rows(path)
    first = next((row for _, row in rows if row), [])
    header = [name.strip() for name in first]
    if not any(header):
        raise DataError(f"corpus {path}: the first line names no columns")
    sample = list(islice(rows, _SAMPLE))
    named = [name for name in header if name]
    if column is None:
        texts = [name for name in named if _holds_text(sample, header.index(name))]
    else:
        texts = named
    chosen = choose_column(str(path), column, texts, named)
    cells = _cells(path, chain(sample, rows), header.index(chosen), len(header))
    return Phrases(f"{path}#{chosen}", cells)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the last line and the cells of every row; a blank line has no cells."""
    delimiter = "\t" if ".tsv" in path.suffixes else ","
    reader = csv.reader(
        (line + "\n" for line in text_lines(path)), delimiter=delimiter, strict=True
    )
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise DataError(f"corpus {path}, line {reader.line_num}: {error}") from error


def _holds_text(sample: Sequence[tuple[int, list[str]]], index: int) -> bool:
    return any(index < len(row) and not _is_number(row[index]) for _, row in sample)


def _is_number(cell: str) -> bool:
    if not cell.strip():
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _cells(
    path: Path, rows: Iterator[tuple[int, list[str]]], index: int, width: int
) -> Iterator[str]:
    for number, row in rows:
        if len(row) not in {0, width}:
            raise DataError(
                f"corpus {path}, line {number}: {len(row)} cells, expected {width} as in the first "
                "line; a cell with the separator or a line break in it must be quoted"
            )
        yield one_line(row[index]) if row else ""
