"""Files of other tools to text, lines and JSON: encodings, cut-off files, folders."""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.core.errors import DataError, UsageError
from harness.core.quoting import quoted

QUOTED: Final = 60
"""Most characters of a file that a message repeats."""

_DATA_SUFFIXES: Final = frozenset({".json", ".jsonl", ".csv", ".tsv", ".parquet", ".xlsx"})
_ACCEPTED: Final = "UTF-8, or UTF-16 with a byte order mark"


class CutOffError(DataError):
    """A JSON file that ends in the middle."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file that is not blank."""

    number: int
    """From 1."""
    text: str | None
    """Its text; None if it is not valid in the file's encoding."""


@dataclass(frozen=True, slots=True)
class Files:
    """What a path given for labels stands for."""

    found: tuple[Path, ...]
    """Files to read, sorted."""
    others: tuple[Path, ...]
    """Data files of the folder that are none of them."""
    folder: bool
    """Whether the path is a folder."""


def excerpt(text: object) -> str:
    """Return the beginning of a file's content as a message may show it: short, one line."""
    try:
        whole = str(text)
    except RecursionError:
        whole = "…"
    return quoted(whole if len(whole) <= QUOTED else whole[: QUOTED - 1] + "…")


def place(path: Path, *parts: str) -> str:
    """Return a file and a place in it as text that can always be written."""
    return ", ".join([str(path).encode(errors="replace").decode(), *parts])


def files_of(
    path: Path,
    patterns: Sequence[str],
    *,
    beside: Collection[str] = (),
    elsewhere: Collection[Path] = (),
) -> Files:
    """Return the file ``path``, or the files of the folder ``path`` that match a pattern.

    Args:
        path: File or folder.
        patterns: Glob patterns below the folder.
        beside: Names of data files that belong into such a folder and are no labels.
        elsewhere: Resolved paths of files that are something else, such as the items.

    Raises:
        UsageError: There is no such file or folder.
        DataError: The folder holds no such file.
    """
    if not path.exists():
        raise UsageError(f"{place(path)} does not exist: expected a file of labels, or a folder")
    if not path.is_dir():
        return Files((path,), (), folder=False)
    matches = (found for pattern in patterns for found in path.glob(pattern))
    found = sorted(
        {match for match in matches if match.is_file() and match.resolve() not in elsewhere}
    )
    if not found:
        raise DataError(f"{place(path)} holds no labels: expected files {' or '.join(patterns)}")
    folders = {path, *(match.parent for match in found)}
    entries = sorted(entry for folder in folders for entry in folder.iterdir())
    others = [
        entry
        for entry in entries
        if entry.suffix.lower() in _DATA_SUFFIXES
        and entry.name not in beside
        and not entry.name.startswith(".")
        and entry not in found
        and entry.resolve() not in elsewhere
    ]
    return Files(tuple(found), tuple(others), folder=True)


def bytes_of(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        UsageError: There is no such file.
        DataError: It cannot be read, or is empty.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{place(path)} does not exist") from error
    except OSError as error:
        raise DataError(f"cannot read {place(path)}: {error.strerror}") from error
    if not data.strip(b"\x00 \t\r\n"):
        raise DataError(f"{place(path)} is empty")
    return data


def lines_of(path: Path) -> list[Line]:
    """Return the lines of a file that are not blank; a line that is no valid text has none.

    Raises:
        UsageError: There is no such file.
        DataError: It cannot be read, or has no line.
    """
    data = bytes_of(path)
    codec, start = _encoding(data)
    # Surrogates stand for what is not valid, so that every line keeps its number.
    errors = "surrogateescape" if codec == "utf-8" else "surrogatepass"
    body = data[start : start + (len(data) - start) // 2 * 2] if codec != "utf-8" else data[start:]
    lines = []
    for number, text in enumerate(body.decode(codec, errors).split("\n"), start=1):
        if text.strip(" \t\r\ufeff\x00"):
            line = text.lstrip("\ufeff").rstrip("\r\x00")
            lines.append(Line(number, line if _valid(line) else None))
    if not lines:
        raise DataError(f"{place(path)} is empty")
    return lines


def document(path: Path) -> Any:
    """Return the JSON value that a file holds.

    Raises:
        UsageError: There is no such file.
        CutOffError: It ends in the middle.
        DataError: It cannot be read, is empty, or is not JSON.
    """
    data = bytes_of(path)
    codec, start = _encoding(data)
    try:
        text = data[start:].decode(codec)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{place(path)}: byte {start + error.start} is not valid {codec.upper()}; expected "
            f"{_ACCEPTED}"
        ) from error
    try:
        return parsed(text)
    except ValueError as error:
        ended = text.rstrip()
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        if ended[-1:] not in ("}", "]") or at >= len(ended):
            raise CutOffError(
                f"{place(path)} is cut off: it ends in the middle of its JSON; export it again"
            ) from error
        line = text.count("\n", 0, at) + 1
        raise DataError(f"{place(path)}, line {line}: not JSON ({reason_of(error)})") from error


def parsed(text: str) -> Any:
    """Return the value of JSON text, without NaN, infinities, lone surrogates or repeated keys.

    Raises:
        ValueError: It is not JSON, names a key twice, or is nested too deeply.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=lambda _: None)
        return _whole(value) if "\\u" in text else value
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def reason_of(error: ValueError) -> str:
    """Return the short reason why :func:`parsed` refused a text."""
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)[:QUOTED]


def _encoding(data: bytes) -> tuple[str, int]:
    """Return the codec of a file and the length of its byte order mark."""
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8", 3
    if data.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le", 2
    if data.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be", 2
    return "utf-8", 0


def _valid(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _whole(value: Any) -> Any:
    """Replace lone surrogates, which no file can hold, in all text of ``value``."""
    if isinstance(value, str):
        if _valid(value):
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(entry) for entry in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(entry) for key, entry in value.items()}
    return value
