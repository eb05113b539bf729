from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import MismatchError
from judges.protocols.marking import MARKS, mark, marked_word


def test_the_word_is_marked_where_it_stands() -> None:
    assert mark("a dog and a dog", 12, 15, "dog") == "a dog and a ⟦dog⟧"


def test_without_a_context_the_bare_word_is_marked() -> None:
    assert mark("", 0, 0, "dog") == "⟦dog⟧"


def test_marks_of_the_text_itself_become_brackets() -> None:
    assert mark("⟦x⟧ dog ⟧", 4, 7, "dog") == "[x] ⟦dog⟧ ]"
    assert marked_word(mark("", 0, 0, "⟧")) == "]"


@pytest.mark.parametrize(("start", "end"), [(0, 3), (2, 4), (-3, 5), (2, 99), (5, 2)])
def test_a_word_that_does_not_stand_there_is_an_error(start: int, end: int) -> None:
    with pytest.raises(MismatchError, match="'dog' does not stand"):
        mark("a dog runs", start, end, "dog")


@pytest.mark.parametrize("text", ["dog", "", "⟦dog", "dog⟧", "⟧dog⟦"])
def test_text_without_both_marks_is_its_own_word(text: str) -> None:
    assert marked_word(text) == text


WORDS = st.text().filter(lambda text: not set(text) & set(MARKS))


@given(st.text(), WORDS, st.text())
def test_the_marked_word_is_found_again(before: str, word: str, after: str) -> None:
    context = before + word + after
    sentence = mark(context, len(before), len(before) + len(word), word)
    assert marked_word(sentence) == word
    assert (sentence.count(MARKS[0]), sentence.count(MARKS[1])) == (1, 1)
