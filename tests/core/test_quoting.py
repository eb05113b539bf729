from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.quoting import escaped, plain, quoted

HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
ANY_TEXT = st.text(st.characters())


@given(ANY_TEXT)
def test_a_quoted_word_is_json_of_itself_with_nothing_hidden(word: str) -> None:
    shown = quoted(word)
    assert json.loads(shown) == word
    assert not {unicodedata.category(character) for character in shown} & HIDDEN


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("café", '"café"'),
        ("狗", '"狗"'),
        ("🐕", '"🐕"'),
        ('a"b\\', '"a\\"b\\\\"'),
        ("a\nb", '"a\\nb"'),
        ("a\u2028b", '"a\\u2028b"'),
        ("a\u202eb", '"a\\u202eb"'),
        ("a\x7f\x85b", '"a\\u007f\\u0085b"'),
        ("\U000e0041", '"\\udb40\\udc41"'),
        ("\ud800", '"\\ud800"'),
        ("שלום", '"שלום"'),
    ],
)
def test_letters_stay_and_hidden_characters_are_escaped(word: str, shown: str) -> None:
    assert quoted(word) == shown


def test_escaped_leaves_quotes_alone() -> None:
    assert escaped('"a"\n\u200b') == '"a"\\u000a\\u200b'


@pytest.mark.parametrize(
    ("word", "seen"),
    [
        (" cat\t", "cat"),
        ("cafe\u0301", "café"),
        ("\ufeffcat", "cat"),
        ("\u200b \u202e\n", ""),
        ("\u200b cat", "cat"),
        ("\u2028", ""),
        ("\x7f\x1b", ""),
        ("ﬁsh", "ﬁsh"),
    ],
)
def test_plain_is_what_is_seen(word: str, seen: str) -> None:
    assert plain(word) == seen


@given(ANY_TEXT)
def test_plain_of_plain_is_the_same(word: str) -> None:
    assert plain(plain(word)) == plain(word)
