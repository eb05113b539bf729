"""Words as they are shown to judges and people: nothing invisible is left as it is."""

from __future__ import annotations

import json
import unicodedata
from typing import Final

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of characters that are not seen but may break or reorder what is around."""


def quoted(text: str) -> str:
    """Return ``text`` as a JSON string that is one line and in which nothing is hidden.

    Letters of every script stay as they are. Control and format characters (bidirectional marks
    and joiners are among them), line and paragraph separators and lone surrogates are escaped, so
    that no word can end its line, hide text or turn the order of the text around it.
    """
    return escaped(json.dumps(text, ensure_ascii=False))


def escaped(text: str) -> str:
    r"""Return ``text`` with every hidden character as a ``\u`` escape of JSON."""
    return "".join(
        _escape(character) if unicodedata.category(character) in _HIDDEN else character
        for character in text
    )


def plain(text: str) -> str:
    """Return what a reader sees of ``text``: composed (NFC), without hidden characters, stripped.

    Two words with equal plain forms look the same; a word with an empty one shows nothing.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    seen = "".join(
        character for character in text if unicodedata.category(character) not in _HIDDEN
    )
    return unicodedata.normalize("NFC", seen).strip()


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
