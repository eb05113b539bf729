"""Category names as words that judges can compare."""

from __future__ import annotations

import pytest

from harness.data.sources.categories import WIDER, hypernyms
from judges.lemmas import normalise


@pytest.mark.parametrize(
    ("category", "group", "expected"),
    [
        ("dog", "animal", ("animal",)),
        ("person", "person", ()),
        ("wine glass", "kitchen", ("glass",)),
        ("dining table", "furniture", ("table", "furniture")),
        ("hot dog", "food", ("hotdog", "sausage", "sandwich", "food")),
        ("traffic light", "outdoor", ("light", "signal")),
        ("wall-brick", "wall", ("wall",)),
        ("banner", "textile", ()),
        ("salad", "food-stuff", ("food",)),
        ("zebra", "", ()),
    ],
)
def test_other_and_wider_names(category: str, group: str, expected: tuple[str, ...]) -> None:
    assert hypernyms(category, group) == expected


def test_a_hot_dog_is_no_dog() -> None:
    assert "dog" not in hypernyms("hot dog", "food")


def test_every_name_is_one_word_that_judges_read() -> None:
    names = [name for listed in WIDER.values() for name in listed]
    assert [name for name in names if normalise(name) != name] == []
