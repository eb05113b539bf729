from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.explorer.columns import clean, dense, integers, numbers, texts

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=6)


@given(st.lists(TEXT, max_size=20), st.lists(TEXT, max_size=20))
def test_texts_come_back_with_their_lengths(first: list[str], second: list[str]) -> None:
    found = texts([first, np.array(second, dtype=object)])
    assert [found.distinct[code] for code in found.codes] == [clean(t) for t in first + second]
    assert len(set(found.distinct)) == len(found.distinct)
    assert [len(found.distinct[code]) for code in found.codes] == [len(t) for t in first + second]


def test_a_missing_text_is_empty_and_an_unknown_one_has_no_place() -> None:
    found = texts([["a", None, "b"], pa.array(["c", "a"])])
    assert found.places(["b", "a", ""]).tolist() == [1, 2, 0, -1, 1]
    assert texts([]).places(["a"]).tolist() == []


@pytest.mark.parametrize(
    "column",
    [
        [1, None, 3],
        [1.0, float("nan"), 3.0],
        np.array([1.0, np.nan, 3.0]),
        pa.array([1, None, 3]),
        pa.chunked_array([[1, None], [3]]),
    ],
)
def test_whole_numbers_with_gaps(column: object) -> None:
    assert integers([column, [4]]).tolist() == [1, -1, 3, 4]
    assert numbers([column])[[0, 2]].tolist() == [1, 3]


@given(st.lists(st.integers(-(2**40), 2**40), max_size=30))
def test_dense_numbers_are_equal_where_codes_are(codes: list[int]) -> None:
    found = dense(np.array(codes, dtype=np.int64)).tolist()
    assert list(dict.fromkeys(found)) == list(range(len(set(codes))))
    assert len(set(zip(codes, found, strict=True))) == len(set(codes))
