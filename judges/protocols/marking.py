"""Sentences with one word marked, and the word found again by its marks alone."""

from __future__ import annotations

from typing import Final

from harness.core.errors import MismatchError

MARKS: Final = ("⟦", "⟧")
"""What stands before and after the marked word."""

_PLAIN_BRACKETS: Final = str.maketrans({MARKS[0]: "[", MARKS[1]: "]"})


def mark(context: str, start: int, end: int, word: str) -> str:
    """Return ``context`` with ``word`` marked, or the marked word alone if there is no context.

    Marks that the text itself holds become square brackets, so that exactly one word is marked.

    Args:
        context: Phrase the word was read in; may be empty.
        start: First character of the word in ``context``.
        end: One past its last character.
        word: The word.

    Raises:
        MismatchError: The word does not stand at this place of ``context``.
    """
    if not context:
        return _between("", word, "")
    if not 0 <= start <= end <= len(context) or context[start:end] != word:
        raise MismatchError(
            f"word {word!r} does not stand at characters {start} to {end} of its phrase "
            f"{context!r}; the library that the phrase comes from has wrong offsets"
        )
    return _between(context[:start], word, context[end:])


def marked_word(text: str) -> str:
    """Return the word between the marks of ``text``, or ``text`` itself if nothing is marked."""
    _, opened, rest = text.partition(MARKS[0])
    word, closed, _ = rest.partition(MARKS[1])
    return word if opened and closed else text


def _between(before: str, word: str, after: str) -> str:
    before, word, after = (part.translate(_PLAIN_BRACKETS) for part in (before, word, after))
    return f"{before}{MARKS[0]}{word}{MARKS[1]}{after}"
