"""Reference corpora: one phrase per line, cleaned, counted and hashed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from harness.core.errors import DataError, UsageError, unknown_name
from harness.core.ids import sha256_lines


@dataclass(frozen=True, slots=True)
class Corpus:
    """Distinct phrases in file order."""

    lines: tuple[str, ...]
    """Phrases without surrounding spaces, each once."""
    sha256: str
    """Hash of ``lines``."""
    name: str
    """Name or path it was asked for by."""
    empty: int
    """Lines skipped because nothing is on them."""
    duplicates: int
    """Lines skipped because an equal phrase came before."""


def read_corpus(path_or_name: str | Path, named: Mapping[str, Path] | None = None) -> Corpus:
    """Read a ``.txt`` or ``.txt.gz`` file with one phrase per line, UTF-8.

    Args:
        path_or_name: A file, or a key of ``named``.
        named: Bundled corpora by name; a name goes before a file of the same name.

    Raises:
        UsageError: No such file or name, or another file type.
        DataError: The file is unreadable, not UTF-8 (with the line number) or has no phrase.
    """
    bundled = named or {}
    path = bundled.get(str(path_or_name), Path(path_or_name))
    if not path.is_file():
        if bundled and path.suffix == "" and len(path.parts) == 1:
            raise unknown_name("corpus", str(path_or_name), bundled)
        raise UsageError(f"corpus {str(path_or_name)!r}: no such file")
    if not path.name.endswith((".txt", ".txt.gz")):
        raise UsageError(
            f"corpus {str(path_or_name)!r}: expected a .txt or .txt.gz file, one phrase per line"
        )
    seen: dict[str, None] = {}
    empty = duplicates = 0
    for line in _phrases(path):
        if not line:
            empty += 1
        elif line in seen:
            duplicates += 1
        else:
            seen[line] = None
    if not seen:
        raise DataError(f"corpus {path}: no phrase in it ({empty} empty lines)")
    return Corpus(tuple(seen), sha256_lines(seen), str(path_or_name), empty, duplicates)


def _phrases(path: Path) -> Iterator[str]:
    try:
        with _opened(path) as stream:
            for number, line in enumerate(stream, start=1):
                # A byte order mark is not part of the first phrase.
                encoding = "utf-8-sig" if number == 1 else "utf-8"
                try:
                    yield line.decode(encoding).strip()
                except UnicodeDecodeError as error:
                    raise DataError(f"corpus {path}, line {number}: not UTF-8 text") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read corpus {path}: {error}") from error


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")
