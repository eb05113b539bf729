from __future__ import annotations

import json

import pytest

from judges.protocols.grounds import grounds


def test_a_models_reasoning_is_returned_whatever_stands_around_the_reply() -> None:
    reply = json.dumps({"reasoning": " A dog on grass. ", "concrete_words": ["dog"]})
    assert grounds(reply) == "A dog on grass."
    assert grounds(f"```json\n{reply}\n```") == "A dog on grass."


def test_a_rule_based_judge_gives_a_clause_per_related_word_once() -> None:
    matches = [
        {"entity": "snail", "relation": "global", "via": "colour", "word": "blue"},
        {"entity": "", "relation": "none", "via": "", "word": "seven"},
        {"entity": "snail", "relation": "global", "via": "colour", "word": "blue"},
        {"entity": "dog", "relation": "concrete", "via": "", "word": "dog"},
    ]
    assert grounds(json.dumps(matches)) == "blue: global, colour of snail; dog: concrete, dog"


@pytest.mark.parametrize(
    "raw",
    ["", "no json", "{}", '{"reasoning": 3}', "{broken", "[1, 2]", "[broken", '{"verdicts": []}'],
)
def test_a_reply_without_grounds_gives_none(raw: str) -> None:
    assert grounds(raw) == ""
