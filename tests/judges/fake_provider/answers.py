"""Replies as a judge model writes them, and how they are spoiled."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from harness.core.ids import sha256_bytes
from harness.core.records import Relation
from tests.judges.fake_provider.asked import Asked

Answer = Callable[[Sequence[str], str], Sequence[Relation]]
"""The verdicts of a model: from words (or sentences) and model to one relation per word."""

_MARKED = re.compile("⟦(.*?)⟧", re.DOTALL)
_RELATIONS: tuple[Relation, ...] = ("concrete", "abstract", "global", "none")


def by_hash(words: Sequence[str], model: str) -> list[Relation]:
    """Return a relation per word that depends on nothing but word and model."""
    drawn = (sha256_bytes(json.dumps([word, model]).encode()) for word in words)
    return [_RELATIONS[int(hexadecimal[:8], 16) % 4] for hexadecimal in drawn]


def reply_text(asked: Asked, relations: Sequence[Relation], *, spoil: str = "") -> str:
    """Return the JSON text of a reply; ``spoil`` is the kind of a fault that changes it."""
    payload = (
        _verdicts(asked, relations) if asked.layout == "verdicts" else _lists(asked, relations)
    )
    if spoil == "foreign_word":
        _add_foreign(payload)
    elif spoil == "missing_word" and payload.get("verdicts"):
        payload["verdicts"].pop()
    elif spoil == "null_lists":
        payload = {name: value if name == "reasoning" else None for name, value in payload.items()}
    text = json.dumps(payload, ensure_ascii=False)
    if spoil == "malformed":
        return text[: len(text) // 2].replace('"', "'") + " and so on"
    if spoil == "fenced":
        return f"Here you are:\n```json\n{text}\n```"
    return text


def _verdicts(asked: Asked, relations: Sequence[Relation]) -> dict[str, Any]:
    rows = []
    for number, (word, relation) in enumerate(zip(asked.words, relations, strict=True), 1):
        match = _MARKED.search(word)
        shown = match.group(1) if match else word
        rows.append({"number": number, "word": shown, "relation": relation})
    return {"reasoning": "By rule.", "verdicts": rows}


def _lists(asked: Asked, relations: Sequence[Relation]) -> dict[str, Any]:
    pairs = list(zip(asked.words, relations, strict=True))
    lists = {
        f"{kind}_words": list(dict.fromkeys(word for word, relation in pairs if relation == kind))
        for kind in ("concrete", "abstract", "global")
    }
    return {"reasoning": "By rule.", "interpretable": any(lists.values()), **lists}


def _add_foreign(payload: dict[str, Any]) -> None:
    if "verdicts" in payload and payload["verdicts"]:
        payload["verdicts"][0]["word"] = "zeppelin"
    elif "concrete_words" in payload:
        payload["concrete_words"].append("zeppelin")
