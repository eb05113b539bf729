"""Words as a tool wrote them down, found again among the words that were shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Final


def positions(word: str, shown: Sequence[str]) -> tuple[int, ...]:
    r"""Return the positions of ``word`` among the words shown; equal words are all of them.

    An exact match goes first, as ``Green`` and `` Green`` are different words. Without one, line
    ends count as equal (browsers turn ``\r\n`` into ``\n``), and then also spaces around the word
    and its Unicode composition, but only if just one of the words shown fits.

    Returns:
        Positions from 0 in rank order; empty if no word fits, or different ones do.
    """
    for form in _FORMS:
        wanted = form(word)
        found = [place for place, other in enumerate(shown) if form(other) == wanted]
        if found:
            return tuple(found) if len({shown[place] for place in found}) == 1 else ()
    return ()


def _exact(word: str) -> str:
    return word


def _newlines(word: str) -> str:
    return word.replace("\r\n", "\n").replace("\r", "\n")


def _trimmed(word: str) -> str:
    return unicodedata.normalize("NFC", word).strip()


_FORMS: Final[tuple[Callable[[str], str], ...]] = (_exact, _newlines, _trimmed)
