"""The first sentence of a caption."""

from __future__ import annotations

import re
from typing import Final

_ENDS: Final = re.compile(r"""[.!?]+["'”’)\]]*(?=\s+["'“‘(\[]*[A-Z0-9]|\s*$)|\n\s*\n""")
_WORD: Final = re.compile(r"[\w.]+$")
_TITLES: Final = (
    "mr",
    "mrs",
    "ms",
    "dr",
    "prof",
    "st",
    "mt",
    "sr",
    "jr",
    "gen",
    "col",
    "capt",
    "lt",
)
_OTHERS: Final = (
    "vs",
    "etc",
    "no",
    "nos",
    "fig",
    "approx",
    "ca",
    "inc",
    "ltd",
    "co",
    "dept",
    "rev",
)
_DOTTED: Final = ("e.g", "i.e", "u.s", "u.k", "a.m", "p.m")
_ABBREVIATIONS: Final = frozenset((*_TITLES, *_OTHERS, *_DOTTED))


def first_sentence(text: str) -> str:
    """Return the text up to the end of its first sentence, stripped; all of it if it has one.

    A sentence ends at a full stop, question or exclamation mark (and the quotes or brackets that
    close after it) that stands before a capital, a digit or the end, or at an empty line. The stop
    of an abbreviation, an initial or a numeral (``Dr.``, ``J.``, ``3.5``) ends none.
    """
    stripped = text.strip()
    for match in _ENDS.finditer(stripped):
        if not _is_abbreviated(stripped, match):
            return stripped[: match.end()].strip()
    return stripped


def _is_abbreviated(text: str, end: re.Match[str]) -> bool:
    if end.group() != "." or end.end() == len(text):
        return False
    found = _WORD.search(text[: end.start()])
    word = found.group() if found else ""
    initial = len(word) == 1 and word.isupper() and word != "I"
    return initial or word.lower() in _ABBREVIATIONS
