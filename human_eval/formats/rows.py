"""Tables of any of our text forms (JSONL, CSV, a JSON list) as rows with their place."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import DataError
from human_eval.formats.reading import (
    Line,
    document,
    excerpt,
    lines_of,
    parsed,
    place,
    reason_of,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    source: str
    """File and line or entry."""
    values: Mapping[str, Any] | None
    """Column to value; values of a CSV file are text. None if the row cannot be read."""
    problem: str = ""
    """Why it cannot be read."""
    csv: bool = False
    """Whether it is a line of a CSV file."""


def rows_of(path: Path, required: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a JSONL or CSV file or of a JSON list; which one the content tells.

    Args:
        path: File.
        required: Columns that a CSV file must have.

    Raises:
        UsageError: There is no such file.
        DataError: It is none of these, or a CSV file without a required column.
    """
    lines = lines_of(path)
    first = (lines[0].text or "").lstrip()
    if first.startswith("["):
        yield from _listed(path)
    elif first.startswith("{"):
        yield from (_json_row(path, line) for line in lines)
    else:
        yield from _csv_rows(path, lines, required)


def _listed(path: Path) -> Iterator[Row]:
    value = document(path)
    if not isinstance(value, list):
        raise DataError(f"{place(path)}: expected a JSON list, not {type(value).__name__}")
    for number, entry in enumerate(value, start=1):
        source = place(path, f"entry {number}")
        if isinstance(entry, dict):
            yield Row(source, entry)
        else:
            yield Row(source, None, f"expected a JSON object, not {type(entry).__name__}")


def _json_row(path: Path, line: Line) -> Row:
    source = place(path, f"line {line.number}")
    if line.text is None:
        return Row(source, None, "not valid text")
    try:
        value = parsed(line.text)
    except ValueError as error:
        return Row(source, None, f"not JSON ({reason_of(error)}): {excerpt(line.text)}")
    if not isinstance(value, dict):
        return Row(source, None, f"expected a JSON object, not {excerpt(line.text)}")
    return Row(source, value)


def _csv_rows(path: Path, lines: Sequence[Line], required: Sequence[str]) -> Iterator[Row]:
    header = _fields(lines[0]) or []
    names = [name.strip().lower() for name in header]
    missing = [name for name in required if name not in names]
    if missing:
        raise DataError(
            f"{place(path)}: read as CSV, as it begins with {excerpt(lines[0].text or '?')}, and "
            f"it has no column {', '.join(missing)}; expected CSV with {', '.join(required)}, or "
            "JSON"
        )
    if len(set(names)) < len(names):
        raise DataError(f"{place(path)}: a column is there twice: {excerpt(','.join(names))}")
    for line in lines[1:]:
        yield _csv_row(path, line, names)


def _csv_row(path: Path, line: Line, names: Sequence[str]) -> Row:
    source = place(path, f"line {line.number}")
    fields = _fields(line)
    if fields is None:
        problem = "not valid text" if line.text is None else "its quotes are not closed"
        return Row(source, None, problem, csv=True)
    if len(fields) != len(names):
        problem = f"expected {len(names)} fields, not {len(fields)}"
        return Row(source, None, problem, csv=True)
    return Row(source, dict(zip(names, fields, strict=True)), csv=True)


def _fields(line: Line) -> list[str] | None:
    """Return the fields of one line; None if it is no CSV: no field goes over a line's end."""
    if line.text is None:
        return None
    try:
        return next(csv.reader([line.text], strict=True), [])
    except csv.Error:
        return None
