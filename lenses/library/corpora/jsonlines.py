"""One field of a file with one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from harness.core.errors import DataError
from lenses.library.corpora.columns import choose_column
from lenses.library.corpora.phrases import Phrases, one_line
from lenses.library.corpora.text import text_lines

SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
"""Endings of files with one JSON object a line."""

_SAMPLE = 100


def open_jsonlines(path: Path, column: str | None) -> Phrases:
    """Return one field; null and absent fields count as empty, line breaks become spaces.

    Fields are those of the first 100 objects.

    Raises:
        UsageError: No such field, or it must be chosen.
        DataError: A line is not a JSON object, a field not a string, or as
            :func:`lenses.library.corpora.text.text_lines`.
    """
    objects = _objects(path)
    sample = list(islice(objects, _SAMPLE))
    fields = list(dict.fromkeys(name for _, row in sample for name in row))
    texts = [name for name in fields if any(isinstance(row.get(name), str) for _, row in sample)]
    chosen = choose_column(str(path), column, texts, fields)
    return Phrases(f"{path}#{chosen}", _cells(path, chain(sample, objects), chosen))


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and the object of every line; that of a blank line is empty."""
    for number, line in enumerate(text_lines(path), start=1):
        try:
            value = json.loads(line) if line.strip() else {}
        except (ValueError, RecursionError) as error:
            raise DataError(f"corpus {path}, line {number}: not JSON ({error})") from error
        if not isinstance(value, dict):
            raise DataError(f"corpus {path}, line {number}: expected a JSON object on each line")
        yield number, value


def _cells(path: Path, objects: Iterator[tuple[int, dict[str, Any]]], field: str) -> Iterator[str]:
    for number, row in objects:
        value = row.get(field)
        if value is not None and not isinstance(value, str):
            raise DataError(
                f"corpus {path}, line {number}: {field!r} is {type(value).__name__}, expected a "
                "string or null"
            )
        yield one_line(value or "")
