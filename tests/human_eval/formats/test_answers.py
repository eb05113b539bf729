"""Answers from the pieces in which tools record them."""

from __future__ import annotations

import pytest

from harness.core.ratings import Item, ItemCell
from human_eval.formats.answers import chosen, stated, word_number
from human_eval.formats.intake import EntryError

ITEM = Item(item_id="i", image_id="m", words=("a", "b", "c"), cells=(ItemCell(lens="l"),))
NOTHING = ("none", ("none",) * 3)


@pytest.mark.parametrize(
    ("choices", "found"),
    [
        ({}, ("blank", ())),
        ({"word1": []}, ("blank", ())),
        ({"comment": ["hm"]}, ("blank", ())),
        ({"verdict": ["none of them"]}, NOTHING),
        ({"verdict": [" None  of them "]}, NOTHING),
        ({"verdict": ["none of them"], "word1": ["none"]}, NOTHING),
        ({"word1": ["none"], "word2": ["none"], "word3": ["none"]}, NOTHING),
        ({"verdict": ["can't tell"]}, ("cant_tell", ())),
        ({"verdict": ["can\u2019t tell"]}, ("cant_tell", ())),
        ({"verdict": ["cant_tell"], "word1": ["none"]}, ("cant_tell", ())),
        ({"word2": ["Global"]}, ("selected", ("none", "global", "none"))),
        (
            {"word3": ["abstract"], "word1": ["concrete"]},
            ("selected", ("concrete", "none", "abstract")),
        ),
        ({"word1": ["concrete", "concrete"]}, ("selected", ("concrete", "none", "none"))),
    ],
)
def test_choices_make_an_answer(choices: dict[str, list[str]], found: object) -> None:
    assert chosen(ITEM, choices) == found


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ({"word1": ["concrete", "global"]}, "contradictory rating"),
        ({"verdict": ["none of them", "can't tell"]}, "contradictory rating"),
        ({"verdict": ["none of them"], "word1": ["concrete"]}, "contradictory rating"),
        ({"verdict": ["can't tell"], "word1": ["concrete"]}, "contradictory rating"),
        ({"word1": ["nice"]}, "unknown relation"),
        ({"verdict": ["perhaps"]}, "unknown relation"),
        ({"word4": ["concrete"]}, "wrong number of relations"),
        ({"word1": ["none"]}, "wrong number of relations"),
    ],
)
def test_choices_that_are_no_answer(choices: dict[str, list[str]], reason: str) -> None:
    with pytest.raises(EntryError) as caught:
        chosen(ITEM, choices)
    assert caught.value.reason == reason
    assert caught.value.detail


def test_the_order_of_controls_does_not_matter() -> None:
    forwards = {"word1": ["concrete"], "word2": ["none"], "word3": ["global"]}
    backwards = dict(reversed(forwards.items()))
    assert chosen(ITEM, forwards) == chosen(ITEM, backwards)


@pytest.mark.parametrize("state", ["blank", "cant_tell"])
def test_stated_answers_without_words(state: str) -> None:
    assert stated(ITEM, state, ()) == (state, ())


def test_stated_answers_with_words() -> None:
    relations = ("none", "concrete", "global")
    assert stated(ITEM, "selected", relations) == ("selected", relations)
    assert stated(ITEM, "none", ()) == NOTHING
    assert stated(ITEM, "none", ("none",) * 3) == NOTHING


@pytest.mark.parametrize(
    ("name", "number"),
    [("word1", 1), ("word12", 12), ("word0", None), ("word", None), ("words1", None), ("1", None)],
)
def test_questions_are_about_words(name: str, number: int | None) -> None:
    assert word_number(name) == number
