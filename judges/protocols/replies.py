"""The layouts a reply may have, as records and as strict JSON schemas made from them."""

from __future__ import annotations

from typing import Any

from harness.core.records import Record, Relation
from judges.protocols.base import JudgingProtocol


class ListReply(Record):
    """The words that fit, in one list per relation."""

    reasoning: str
    """Short grounds, written before anything is decided."""
    interpretable: bool
    """Whether any word fits, as the judge says it; the lists decide, this is not read."""
    concrete_words: list[str]
    """Words seen in the region."""
    abstract_words: list[str]
    """Words for ideas linked to it."""
    global_words: list[str]
    """Words seen elsewhere in the picture."""


class Verdict(Record):
    """What is said of one numbered word."""

    number: int
    """Number it was shown under, from 1."""
    word: str
    """The word again, which proves that the count was kept."""
    relation: Relation
    """How it relates to the region."""


class VerdictReply(Record):
    """One verdict for every numbered word."""

    reasoning: str
    """Short grounds, written before anything is decided."""
    verdicts: list[Verdict]
    """One per number."""


def reply_model(protocol: JudgingProtocol) -> type[ListReply] | type[VerdictReply]:
    """Return the layout that replies of ``protocol`` must have."""
    return ListReply if protocol.reply == "lists" else VerdictReply


def strict_schema(model: type[Record]) -> dict[str, Any]:
    """Return the JSON schema of ``model`` in the part of the language that strict modes accept.

    Every object lists all its keys as required and allows no others; nothing is referred to by
    ``$ref``, and titles, descriptions and defaults are left out (the prompt says what is meant).
    """
    schema = model.model_json_schema()
    plain: dict[str, Any] = _plain(schema, schema.get("$defs", {}))
    return plain


def _plain(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _plain(definitions[node["$ref"].rpartition("/")[2]], definitions)
    if node.get("type") != "object":
        return {
            key: _plain(value, definitions)
            for key, value in node.items()
            if key in {"type", "enum", "items"}
        }
    properties = {name: _plain(value, definitions) for name, value in node["properties"].items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
