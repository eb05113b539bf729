from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from judges.providers.payload import count_at, list_at, member, text_at

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=12,
)
paths = st.lists(st.sampled_from(["a", "b", 0, 1]), max_size=3)


@given(json_data, paths)
def test_any_reply_can_be_looked_into(payload: object, path: list[str | int]) -> None:
    assert isinstance(text_at(payload, *path), str)
    assert count_at(payload, *path) >= 0
    assert isinstance(list_at(payload, *path), list)


def test_what_is_there_is_found() -> None:
    payload = {"a": [{"b": "text", "n": 3}]}
    assert member(payload, "a", 0, "b") == "text"
    assert text_at(payload, "a", 0, "b") == "text"
    assert count_at(payload, "a", 0, "n") == 3
    assert list_at(payload, "a") == payload["a"]
    assert member(payload, "a", 1) is None


def test_counts_are_whole_and_positive() -> None:
    for odd in (True, -1, 2.5, "3", None):
        assert count_at({"n": odd}, "n") == 0


def test_text_can_always_be_written() -> None:
    assert text_at({"t": "a\ud83d"}, "t") == "a\ufffd"
    assert text_at({"t": "\ud83d\ude00 é"}, "t") == "😀 é"
