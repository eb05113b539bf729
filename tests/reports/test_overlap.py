from __future__ import annotations

from typing import Any

import pytest

from harness.core.errors import UsageError
from reports.overlap import overlap

COLUMNS = ("patch_id", "layer", "lens", "word", "context", "start")


def table(*rows: tuple[Any, ...]) -> dict[str, list[Any]]:
    return {name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}


def test_answers_are_places_and_words_are_words() -> None:
    found = table(
        ("p", 0, "full", "Cat", "a Cat", 2), ("p", 0, "full", "dog", "a dog", 2),
        ("p", 0, "part", "cat", "the cat", 4), ("p", 0, "part", "dog", "a dog", 2),
    )  # fmt: skip
    shared = overlap(found, "part", "full")
    assert (shared.answers, shared.words, shared.questions) == (0.5, 1.0, 1)


def test_repeated_answers_count_as_often_as_they_are_found() -> None:
    twice = [("p", 0, "full", "cat", "a cat", 2)] * 2
    once = [("p", 0, "part", "cat", "a cat", 2), ("p", 0, "part", "tree", "a tree", 2)]
    shared = overlap(table(*twice, *once), "part", "full")
    assert (shared.answers, shared.words) == (0.5, 1.0)


def test_mean_is_over_patches_and_layers_and_missing_answers_are_misses() -> None:
    full = [("p", layer, "full", "cat", "a cat", 2) for layer in range(4)]
    part = [("p", 0, "part", "cat", "a cat", 2), ("p", 1, "part", "dog", "a dog", 2)]
    shared = overlap(table(*full, *part), "part", "full")
    assert (shared.answers, shared.words, shared.questions) == (0.25, 0.25, 4)


def test_a_lens_is_all_of_itself_and_a_missing_lens_is_named() -> None:
    found = table(("p", 0, "full", "cat", "a cat", 2))
    assert overlap(found, "full", "full").answers == 1.0
    with pytest.raises(UsageError, match="'part'"):
        overlap(found, "part", "full")
