from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenses.library.corpora.phrases import one_line


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("a cat", "a cat"),
        ("", ""),
        ("a\r\ncat", "a cat"),
        ("a \n\n cat\n", "a cat"),
        ("a\u2028cat\u2029sat\x85down\x0bnow", "a cat sat down now"),
        ("a\0cat", "a cat"),
        ("a  cat\tsat", "a  cat\tsat"),
    ],
)
def test_breaks_become_spaces(cell: str, expected: str) -> None:
    assert one_line(cell) == expected


@given(st.text(alphabet="ab \n\r\0\u2028\x0c\x1c", max_size=12))
def test_nothing_but_breaks_is_lost(cell: str) -> None:
    line = one_line(cell)
    assert len(line.splitlines()) <= 1
    assert "\0" not in line
    assert line.replace(" ", "") == "".join(character for character in cell if character in "ab")
