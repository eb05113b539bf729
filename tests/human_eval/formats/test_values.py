"""Loose values as names, numbers and times."""

from __future__ import annotations

import re
from typing import Any

import pytest

from human_eval.formats.values import name_of, person_of, seconds_of, time_of, words_of


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (" a ", "a"),
        (7, "7"),
        (True, ""),
        (None, ""),
        (1.5, ""),
        (["a"], ""),
        ("Cafe\u0301", "Café"),
    ],
)
def test_names(value: Any, name: str) -> None:
    assert name_of(value) == name


@pytest.mark.parametrize(
    ("value", "person"),
    [
        ("ada", "ada"),
        (7, "person-7"),
        ("7", "person-7"),
        ({"id": 7}, "person-7"),
        ({"id": 7, "email": ""}, "person-7"),
        ({}, ""),
        (None, ""),
    ],
)
def test_people(value: Any, person: str) -> None:
    assert person_of(value) == person


def test_addresses_become_pseudonyms() -> None:
    ann = person_of("Ann@Example.org")
    assert re.fullmatch("person-[0-9a-f]{6}", ann)
    assert person_of({"id": 3, "email": "ann@example.org "}) == ann
    assert person_of("ben@example.org") != ann


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(1, 1.0), ("2.5", 2.5), (0, 0.0), (-1, None), ("inf", None), (10**400, None), (True, None)],
)
def test_durations(value: Any, seconds: float | None) -> None:
    assert seconds_of(value) == seconds


def test_times_stay_as_they_are() -> None:
    assert time_of("2026-01-01T00:00:00.000Z") == "2026-01-01T00:00:00.000Z"
    assert time_of("1 May") == time_of(5) == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["a", " b"], ("a", " b")),
        ("a| b", ("a", " b")),
        ('["a|b", "c\\r\\n"]', ("a|b", "c\r\n")),
        ("[CLS]|a", ("[CLS]", "a")),
        ("[a", ("[a",)),
        ("", None),
        ([], None),
        ([1], None),
        (None, None),
    ],
)
def test_words(value: Any, words: tuple[str, ...] | None) -> None:
    assert words_of(value) == words
