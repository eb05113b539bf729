"""Reference corpora: distinct phrases, counted and hashed, from any kind of source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from harness.core.errors import DataError, unknown_name
from harness.core.ids import sha256_lines
from harness.core.progress import progress
from lenses.library.corpora.files import open_file
from lenses.library.corpora.hub import PREFIX, open_dataset
from lenses.library.corpora.phrases import Phrases
from lenses.library.corpora.registry import CORPORA, open_named
from lenses.library.corpora.text import open_text

_BATCH = 1 << 16


@dataclass(frozen=True, slots=True)
class Corpus:
    """Distinct phrases in file order."""

    lines: tuple[str, ...]
    """Phrases without surrounding spaces, each once."""
    sha256: str
    """Hash of the sorted phrases: what the corpus holds, in whatever order."""
    order_sha256: str
    """Hash of the phrases in file order."""
    name: str
    """What it was asked for by, with column, revision and split filled in."""
    read: int
    """Lines, rows or glosses read."""
    empty: int
    """Those skipped because nothing is in them."""
    duplicates: int
    """Those skipped because an equal phrase came before."""


def read_corpus(path_or_name: str | Path, named: Mapping[str, Path] | None = None) -> Corpus:
    """Read the corpus that a text names.

    Args:
        path_or_name: A key of ``named``; a registered name (``wordnet``, ``latentlens``, those of
            plug-ins); ``FILE[#COLUMN]``, a file of text, CSV, TSV, JSON lines (all also ``.gz``) or
            parquet; or a dataset, ``hf:FOLDER_OR_ID[@REVISION][:CONFIG[/SPLIT]][#COLUMN]``.
        named: Bundled text files by name. A name goes before a file of the same name; write
            ``./name`` for the file.

    Raises:
        UsageError: No such file, name, column or kind of file, or a column has to be chosen.
        DataError: The source is not on this machine, unreadable, not UTF-8 (with the line number)
            or has no phrase.
    """
    text = str(path_or_name)
    bundled = named or {}
    if text in bundled:
        return collect(Phrases(text, open_text(bundled[text]).cells))
    if text.startswith(PREFIX):
        return collect(open_dataset(text))
    if _is_name(text):
        known = (*bundled, *CORPORA.names())
        if text in known:
            return collect(open_named(text))
        if not Path(text).exists():
            raise unknown_name("corpus", text, known)
    return collect(open_file(text))


def collect(source: Phrases) -> Corpus:
    """Return the corpus of all cells of ``source``, stripped, each once.

    Raises:
        DataError: No phrase in it, a phrase that has no UTF-8 form, or whatever reading raises.
    """
    seen: dict[str, None] = {}
    read = empty = 0
    batches = iter(lambda: [cell.strip() for cell in islice(source.cells, _BATCH)], [])
    first = next(batches, [])
    # A bar only where reading takes a while.
    rest = progress(batches, description="corpus") if len(first) == _BATCH else batches
    for batch in chain([first], rest):
        read += len(batch)
        empty += batch.count("")
        seen.update(dict.fromkeys(batch))
    seen.pop("", None)
    if not seen:
        raise DataError(f"corpus {source.name}: no phrase in it ({empty} empty lines)")
    lines = tuple(seen)
    return Corpus(
        lines=lines,
        sha256=_hash(source.name, sorted(lines)),
        order_sha256=_hash(source.name, lines),
        name=source.name,
        read=read,
        empty=empty,
        duplicates=read - empty - len(lines),
    )


def _is_name(text: str) -> bool:
    return not set("/.#:") & set(text)


def _hash(name: str, lines: Iterable[str]) -> str:
    try:
        return sha256_lines(lines)
    except UnicodeEncodeError as error:
        raise DataError(
            f"corpus {name}: half of a surrogate pair in {str(error.object)[:80]!r}; expected text "
            "that can be written as UTF-8"
        ) from error
