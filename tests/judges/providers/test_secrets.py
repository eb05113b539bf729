from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from judges.providers.secrets import MOST_CHARACTERS, scrub

KEY = "sk-proj-abcdef0123456789"
sentences = st.text(st.characters(codec="utf-8"), max_size=600)


@given(sentences, sentences)
def test_no_message_holds_the_key_or_two_lines(before: str, after: str) -> None:
    told = scrub(before + KEY + after, KEY)
    assert KEY not in told
    assert len(told) <= MOST_CHARACTERS
    assert len(told.splitlines()) <= 1


def test_a_key_in_odd_letters_is_taken_out() -> None:
    assert scrub("key=AbC$%^", "AbC$%^") == "key=[key]"


def test_what_looks_like_a_key_is_taken_out() -> None:
    assert scrub("Incorrect API key provided: sk-proj*****6789.", None).endswith("provided: [key]")
    assert scrub("header Bearer abcdefghijkl", None) == "header [key]"
    assert scrub("the model gpt-5-mini and the key word", None) == (
        "the model gpt-5-mini and the key word"
    )
