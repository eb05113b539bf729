"""What every kind of corpus gives: a resolved name and a stream of cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Phrases:
    """An opened corpus; nothing of it is read before the cells are asked for."""

    name: str
    """What the corpus is called with column, revision and split filled in."""
    cells: Iterator[str]
    """One text per line, row or gloss, in file order; empty where nothing is in it."""


@dataclass(frozen=True, slots=True)
class NamedCorpus:
    """What a registered name stands for: where a corpus lies on this machine and how to read it."""

    kind: str
    """What sort of text it is, in a few words."""
    summary: str
    """What its phrases are, in one line."""
    find: Callable[[], Path | None]
    """Returns where it lies, or None if it is not on this machine."""
    read: Callable[[Path], Iterator[str]]
    """Returns its cells, given what ``find`` returned."""
    install: str
    """How to get it, as the end of a sentence that begins with its name."""
    count: Callable[[Path], int] | None = None
    """Returns its number of lines in a moment; None if that takes reading all of it."""


def one_line(cell: str) -> str:
    """Return ``cell`` with line breaks of any kind and NUL characters turned into single spaces."""
    pieces = cell.replace("\0", "\n").splitlines()
    if len(pieces) == 1:
        return pieces[0]
    return " ".join(filter(None, map(str.strip, pieces)))
