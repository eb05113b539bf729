"""The whole word around a token, from recorded character offsets and never by looking for it."""

from __future__ import annotations

import re

from harness.core.errors import DataError

WORD = re.compile(r"[^\W_]+(?:[’'\-][^\W_]+)*")
"""Letters and digits, joined by apostrophes or hyphens."""


def whole_word(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span in ``text`` of the word that the token at ``text[start:end]`` belongs to.

    Spaces at both ends of the token are ignored. Where a token touches several words, the one it
    shares most characters with counts, the first of equals. Punctuation returns its own span
    without spaces; a token of spaces or of nothing returns its span as given.

    Raises:
        DataError: The span does not lie in ``text``.
    """
    if not 0 <= start <= end <= len(text):
        raise DataError(f"token span {start}..{end} is outside the text of {len(text)} characters")
    token = text[start:end]
    if not token.strip():
        return start, end
    first = start + len(token) - len(token.lstrip())
    last = end - (len(token) - len(token.rstrip()))
    best, shared = (first, last), 0
    for word in WORD.finditer(text):
        overlap = min(last, word.end()) - max(first, word.start())
        if overlap > shared:
            best, shared = word.span(), overlap
        if word.start() >= last:
            break
    return best
