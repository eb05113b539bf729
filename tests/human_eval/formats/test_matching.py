"""Words found again among those that were shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_eval.formats.matching import positions


@pytest.mark.parametrize(
    ("word", "shown", "found"),
    [
        ("dog", ("cat", "dog"), (1,)),
        ("the", ("the", "a", "the"), (0, 2)),
        ("Green", (" Green", "Green"), (1,)),
        (" Green", (" Green", "Green"), (0,)),
        ("Green", (" Green", "green"), (0,)),
        ("Green ", (" Green", "Green"), ()),
        ("',\n'", ("',\r\n'", "x"), (0,)),
        ("',\n'", ("',\r\n'", "',\r'"), ()),
        ("',\n'", ("',\r\n'", "',\n'"), (1,)),
        ("():\n", ("():\n", "()"), (0,)),
        (" ", (" ", "  "), (0,)),
        ("\t", (" ", "  "), ()),
        ("Cafe\u0301", ("Caf\u00e9", "tea"), (0,)),
        ("dog", ("Dog", "cat"), ()),
        ("", ("dog",), ()),
        ("dog", (), ()),
    ],
)
def test_words_are_found(word: str, shown: tuple[str, ...], found: tuple[int, ...]) -> None:
    assert positions(word, shown) == found


@given(st.lists(st.text(" \r\nGge\u0301\u00e9", max_size=3), max_size=5), st.data())
def test_what_was_shown_is_always_found_exactly(shown: list[str], data: st.DataObject) -> None:
    if shown:
        place = data.draw(st.integers(0, len(shown) - 1))
        found = positions(shown[place], shown)
        assert place in found
        assert {shown[other] for other in found} == {shown[place]}
