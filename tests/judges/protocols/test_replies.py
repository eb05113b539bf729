from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from judges.protocols.registry import PROTOCOLS, find_protocol
from judges.protocols.replies import ListReply, VerdictReply, reply_model, strict_schema

ACCEPTED = {"type", "properties", "required", "additionalProperties", "items", "enum"}


def nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a schema and all schemas in it."""
    yield schema
    for inner in schema.get("properties", {}).values():
        yield from nodes(inner)
    if "items" in schema:
        yield from nodes(schema["items"])


def test_the_layout_follows_the_kind_of_reply() -> None:
    models = {name: reply_model(protocol) for name, protocol in PROTOCOLS.items()}
    assert models == {
        "paper": ListReply,
        "paper-strict": ListReply,
        "sentence": VerdictReply,
        "pooled": VerdictReply,
        "probe-control": VerdictReply,
    }


@pytest.mark.parametrize("model", [ListReply, VerdictReply])
def test_a_schema_is_closed_complete_and_plain(model: type[ListReply | VerdictReply]) -> None:
    for node in nodes(strict_schema(model)):
        assert set(node) <= ACCEPTED
        assert "type" in node
        if node["type"] == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])


def test_reasoning_comes_before_the_decision() -> None:
    lists = strict_schema(reply_model(find_protocol("paper")))
    assert lists["required"] == [
        "reasoning",
        "interpretable",
        "concrete_words",
        "abstract_words",
        "global_words",
    ]
    verdicts = strict_schema(reply_model(find_protocol("pooled")))
    assert verdicts["required"] == ["reasoning", "verdicts"]


def test_the_schema_of_verdicts_in_full() -> None:
    verdict = {
        "type": "object",
        "properties": {
            "number": {"type": "integer"},
            "word": {"type": "string"},
            "relation": {"type": "string", "enum": ["concrete", "abstract", "global", "none"]},
        },
        "required": ["number", "word", "relation"],
        "additionalProperties": False,
    }
    assert strict_schema(VerdictReply) == {
        "type": "object",
        "properties": {
            "reasoning": {"type": "string"},
            "verdicts": {"type": "array", "items": verdict},
        },
        "required": ["reasoning", "verdicts"],
        "additionalProperties": False,
    }
