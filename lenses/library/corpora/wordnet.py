"""Glosses and example sentences of an installed WordNet (file format: wndb(5) of WordNet 3.0)."""

from __future__ import annotations

import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from harness.core.errors import DataError
from lenses.library.corpora.phrases import NamedCorpus

FILES: Final = ("data.noun", "data.verb", "data.adj", "data.adv")
"""The database files with glosses, in the order in which they are read."""

_EDITIONS: Final = ("wordnet", "wordnet31", "wordnet2021", "wordnet2022")
# Quotation marks begin the examples only at the start of a part of the gloss; elsewhere they quote
# a word of the definition.
_EXAMPLES: Final = re.compile(r'(?:^|[;,:])\s*"')
_NOT_A_SYNSET: Final = "  "


def find_wordnet() -> Path | None:
    """Return the folder, or zip file of NLTK, with all of :data:`FILES`; None if there is none.

    Looked for in ``$WNSEARCHDIR``, ``$WNHOME/dict`` and ``$NLTK_DATA``, then where Debian,
    WordNet's own installer and NLTK put it.
    """
    return next((path for path in _places() if _holds_wordnet(path)), None)


def read_glosses(path: Path) -> Iterator[str]:
    """Yield the definition of every synset and then its examples, without quotation marks.

    Raises:
        DataError: A file is unreadable or a line of it, named by its number, is no synset.
    """
    for name in FILES:
        for number, line in enumerate(_lines(path, name), start=1):
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                raise DataError(f"corpus {path / name}, line {number}: not UTF-8 text") from error
            if text.startswith(_NOT_A_SYNSET) or not text.strip():
                continue
            _, bar, gloss = text.partition("|")
            if not bar:
                raise DataError(f"corpus {path / name}, line {number}: no gloss in it")
            yield from phrases_of_gloss(gloss)


def phrases_of_gloss(gloss: str) -> list[str]:
    """Return definition and examples of ``definition; "example"- Author; "example"``."""
    begin = _EXAMPLES.search(gloss)
    if begin is None:
        return [_trimmed(gloss)]
    pieces = gloss[begin.end() :].split('"')
    found = [_trimmed(gloss[: begin.start()]), *map(_trimmed, pieces[::2])]
    return [phrase for phrase in found if phrase]


def _trimmed(text: str) -> str:
    return text.strip().strip(";,:").strip()


def _places() -> Iterator[Path]:
    if folder := os.environ.get("WNSEARCHDIR"):
        yield Path(folder)
    if home := os.environ.get("WNHOME"):
        yield Path(home) / "dict"
    given = [Path(folder) for folder in os.environ.get("NLTK_DATA", "").split(os.pathsep) if folder]
    yield from _editions(given)
    yield from _usual()


def _usual() -> Iterator[Path]:
    """Yield where Debian, WordNet's own installer and NLTK put it."""
    yield Path("/usr/share/wordnet")
    yield Path("/usr/local/WordNet-3.0/dict")
    owned = (Path.home(), Path(sys.prefix), Path(sys.prefix) / "share")
    shared = (
        Path("/usr/share"),
        Path("/usr/local/share"),
        Path("/usr/lib"),
        Path("/usr/local/lib"),
    )
    yield from _editions([folder / "nltk_data" for folder in (*owned, *shared)])


def _editions(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for edition in _EDITIONS:
            yield folder / "corpora" / edition
            yield folder / "corpora" / f"{edition}.zip"


def _holds_wordnet(path: Path) -> bool:
    if path.suffix != ".zip":
        return all((path / name).is_file() for name in FILES)
    return zipfile.is_zipfile(path) and all(
        zipfile.Path(path, f"{path.stem}/{name}").is_file() for name in FILES
    )


def _lines(path: Path, name: str) -> Iterator[bytes]:
    try:
        # NLTK leaves its downloads packed, in a folder of the archive's own name.
        zipped = path.suffix == ".zip"
        place = zipfile.Path(path, f"{path.stem}/{name}") if zipped else path / name
        with place.open("rb") as stream:
            yield from stream
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read corpus {path / name}: {error}") from error


WORDNET: Final = NamedCorpus(
    kind="WordNet",
    summary="definitions and example sentences of all synsets",
    find=find_wordnet,
    read=read_glosses,
    install=(
        "is not on this machine: apt-get install wordnet-base, or python -m nltk.downloader "
        "wordnet, or set WNSEARCHDIR to the folder with data.noun"
    ),
)
"""The corpus ``wordnet``."""
