from __future__ import annotations

import json
import unicodedata
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reports.explorer.answers import LONGEST, REACH, distinct_answers
from reports.explorer.columns import clean

NAMES = ("word", "context", "start", "end", "source_layer")
LETTERS = st.sampled_from(
    ["a", "e\u0301", "\u0301", "\U0001f415", "\u05d0", "\ufffd", "\ud800", " "]
)


def table(*rows: tuple[Any, ...]) -> dict[str, list[Any]]:
    return {name: [row[at] for row in rows] for at, name in enumerate(NAMES)}


def packed(rows: dict[str, list[Any]]) -> tuple[dict[str, Any], list[int]]:
    """Return the JSON of all answers, and the number of every row's answer in it."""
    answers, codes = distinct_answers([rows])
    data, numbers = answers.packed(np.bincount(codes, minlength=len(answers.word)), [])
    return json.loads(data), numbers[codes].tolist()


def read(data: dict[str, Any], number: int) -> tuple[str, str, int, int, int]:
    context = data["context"][number]
    return (
        data["words"][data["word"][number]],
        "" if context < 0 else data["contexts"][context],
        data["start"][number],
        data["end"][number],
        data["source"][number],
    )


def test_answers_differ_if_anything_of_them_differs() -> None:
    rows = [
        ("dog", "a dog", 2, 5, 1),
        ("cat", "a dog", 2, 5, 1),
        ("dog", "a dog!", 2, 5, 1),
        ("dog", "a dog", 1, 5, 1),
        ("dog", "a dog", 2, 4, 1),
        ("dog", "a dog", 2, 5, 2),
        ("dog", "a dog", 2, 5, None),
        ("dog", "", 0, 0, None),
        ("dog", "a dog", 2, 5, 1),
    ]
    data, numbers = packed(table(*rows))
    assert len(data["word"]) == 8
    assert numbers[0] == numbers[-1] == 0
    for row, number in zip(rows, numbers, strict=True):
        assert read(data, number) == (*row[:4], -1 if row[4] is None else row[4])


def test_frequent_answers_come_first_and_unused_ones_not_at_all() -> None:
    answers, codes = distinct_answers([table(*[(w, "", 0, 0, None) for w in "abcab"])])
    data, numbers = answers.packed(np.bincount(codes[2:], minlength=3), ["because"])
    assert json.loads(data)["words"] == ["a", "b", "c"]
    data, numbers = answers.packed(np.array([1, 0, 9])[np.argsort(codes[:3])], [])
    assert json.loads(data)["words"] == ["c", "a"]
    assert sorted(numbers.tolist()) == [-1, 0, 1]


@given(
    st.lists(LETTERS, max_size=900).map("".join),
    st.lists(LETTERS, max_size=5).map("".join),
    st.lists(LETTERS, max_size=900).map("".join),
)
def test_a_long_sentence_is_cut_around_its_word(before: str, word: str, after: str) -> None:
    whole = before + word + after
    rows = table((word, whole, len(before), len(before) + len(word), 3))
    data, (number,) = packed(rows)
    shown, context, start, end, _ = read(data, number)
    assert context[start:end] == shown == clean(word)
    if len(whole) <= LONGEST:
        assert context == clean(whole)
        return
    left, right = context[:start], context[end:]
    assert clean(before).endswith(left.removeprefix("…"))
    assert clean(after).startswith(right.removesuffix("…"))
    for side, full in ((left, before), (right, after)):
        assert ("…" in side) == (len(side.strip("…")) < len(full))
        assert len(side.strip("…")) >= min(REACH, len(full))
    first = left.removeprefix("…")[:1] if "…" in left else ""
    assert not first or not unicodedata.combining(first)


def test_a_window_keeps_marks_with_their_letters() -> None:
    before = "a" * 100 + "e\u0301" + "b" * (REACH - 1)
    after = "c" * (REACH - 1) + "e\u0301" + "d" * 100
    rows = table(("dog", before + "dog" + after, len(before), len(before) + 3, 1))
    data, (number,) = packed(rows)
    _, context, start, end, _ = read(data, number)
    assert context == "…" + before[100:] + "dog" + after[: REACH + 1] + "…"
    assert context[start:end] == "dog"


def test_a_span_outside_its_sentence_is_cut_to_it() -> None:
    data, numbers = packed(
        table(("a", "a b", 2, 9, 1), ("b", "a b", -4, 1, 1), ("c", "x", 7, 3, 1))
    )
    assert [read(data, number)[2:4] for number in numbers] == [(2, 3), (0, 1), (1, 1)]


def test_equal_windows_of_different_sentences_are_one_answer() -> None:
    inner = "b" * 300 + "dog" + "c" * 300
    rows = table(*[("dog", end + inner + end, 301, 304, 1) for end in "xy"])
    data, numbers = packed(rows)
    assert numbers == [0, 0]
    assert len(data["contexts"]) == 1
