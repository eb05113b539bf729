"""Text files, plain or gzip: decoded line by line, with the number of a bad line in the error."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from harness.core.errors import DataError
from lenses.library.corpora.phrases import Phrases

SUFFIXES = (".txt", ".txt.gz")
"""Endings of files with one phrase a line."""

_BLOCK = 1 << 20
_BOM = b"\xef\xbb\xbf"


def open_text(path: Path) -> Phrases:
    """Return the lines of a ``.txt`` or ``.txt.gz`` file; raises as :func:`text_lines`."""
    return Phrases(str(path), text_lines(path))


def text_lines(path: Path) -> Iterator[str]:
    r"""Yield the lines of a UTF-8 file, without their ``\n``.

    Only ``\n`` ends a line; a byte order mark is not part of the first. Blocks of 1 MiB are held
    at a time, and whole lines of any length.

    Raises:
        DataError: The file is unreadable, its compression broken, or a line, named by its number,
            is not UTF-8 or has a NUL byte in it.
    """
    number = 1
    for block in _blocks(path):
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            bad = number + block.count(b"\n", 0, error.start)
            raise DataError(f"corpus {path}, line {bad}: not UTF-8 text") from error
        if "\0" in text:
            bad = number + text.count("\n", 0, text.index("\0"))
            raise DataError(
                f"corpus {path}, line {bad}: a NUL byte; expected UTF-8 text (is it UTF-16?)"
            )
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        number += len(lines)
        yield from lines


def count_lines(path: Path) -> int:
    """Return the number of lines, undecoded; raises DataError if the file is unreadable."""
    return sum(block.count(b"\n") + (not block.endswith(b"\n")) for block in _blocks(path))


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield the file in pieces that end with a line, without its byte order mark."""
    try:
        with _opened(path) as stream:
            start = stream.read(len(_BOM))
            rest = [b"" if start == _BOM else start]
            while block := stream.read(_BLOCK):
                cut = block.rfind(b"\n") + 1
                if not cut:
                    rest.append(block)
                    continue
                yield b"".join([*rest, block[:cut]])
                rest = [block[cut:]]
            if last := b"".join(rest):
                yield last
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read corpus {path}: {error}") from error


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")
