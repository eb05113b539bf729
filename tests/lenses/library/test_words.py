from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError
from lenses.library.words import WORD, whole_word


def word_at(text: str, token: str, occurrence: int = 0) -> str:
    """Return the word around the n-th occurrence of ``token``."""
    start = -1
    for _ in range(occurrence + 1):
        start = text.index(token, start + 1)
    first, last = whole_word(text, start, start + len(token))
    return text[first:last]


@pytest.mark.parametrize(
    ("text", "token", "occurrence", "word"),
    [
        ("a cat beside a catfish", "cat", 0, "cat"),
        ("a cat beside a catfish", "cat", 1, "catfish"),
        ("an elephant and a man", "an", 0, "an"),
        ("an elephant and a man", "an", 1, "elephant"),
        ("an elephant and a man", "an", 2, "and"),
        ("an elephant and a man", "an", 3, "man"),
        ("an elephant and a man", " a", 1, "a"),
        ("the man's hat", "'s", 0, "man's"),
        ("the man’s hat", "s", 0, "man’s"),
        ("a well-known place", "-", 0, "well-known"),
        ("one, two", ",", 0, ","),
        ("one, two", ", ", 0, ","),
        ("one . two", " .", 0, "."),
        ("a naïve café", "fé", 0, "café"),
        ("snake_case", "case", 0, "case"),
        ("room 101b", "01", 0, "101b"),
        ("日本の猫", "猫", 0, "日本の猫"),
        ("end-", "-", 0, "-"),
        ('"The end"', '"T', 0, "The"),
        ("to be or", "to be", 0, "to"),
    ],
)
def test_words(text: str, token: str, occurrence: int, word: str) -> None:
    assert word_at(text, token, occurrence) == word


def test_a_token_over_two_words_takes_the_one_it_shares_most_with() -> None:
    assert word_at("of the sea", "f the") == "the"
    assert word_at("a wooden chair", "ooden c") == "wooden"


def test_empty_tokens_and_spaces_return_themselves() -> None:
    assert whole_word("a cat", 1, 1) == (1, 1)
    assert whole_word("a  cat", 1, 3) == (1, 3)
    assert whole_word("", 0, 0) == (0, 0)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2), (2, 9)])
def test_spans_outside_the_text_are_errors(start: int, end: int) -> None:
    with pytest.raises(DataError, match="outside the text of 5 characters"):
        whole_word("a cat", start, end)


@given(st.text(alphabet="ab é'-’_,. \n猫1", max_size=20), st.data())
def test_the_result_is_one_word_or_the_bare_token(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = whole_word(text, start, end)
    token = text[start:end].strip()
    words = [match.span() for match in WORD.finditer(text)]
    touched = [span for span in words if span[0] < end and start < span[1]]
    if not token:
        assert (first, last) == (start, end)
    elif touched:
        assert (first, last) in touched
    else:
        assert text[first:last] == token
        assert start <= first <= last <= end


@given(st.lists(st.text(alphabet="abcé1", min_size=1, max_size=6), min_size=1, max_size=6))
def test_every_piece_of_a_word_gives_the_word(words: list[str]) -> None:
    text = " ".join(words)
    begin = 0
    for word in words:
        span = (begin, begin + len(word))
        for cut in range(len(word)):
            assert whole_word(text, begin + cut, begin + cut + 1) == span
            assert whole_word(text, max(begin - 1, 0), begin + cut + 1) == span
        begin += len(word) + 1
