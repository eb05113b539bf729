"""What a request asks: its words, found in the prompt's text, and the layout of its reply."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

_NUMBERED = re.compile(r'^\s*(\d+)[.)]\s*(".*")\s*$', re.MULTILINE)
_ARRAY = re.compile(r"\[")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the server understood it."""

    api: Literal["responses", "chat", "messages"]
    model: str
    text: str
    """The question."""
    words: tuple[str, ...]
    """Words or sentences, in display order."""
    images: tuple[bytes, ...]
    """Pictures as PNG, in order."""
    layout: Literal["lists", "verdicts"]
    """Layout of the reply."""
    mend: bool
    """Whether it is the second turn of a conversation."""
    most_tokens: int
    """Most tokens of the reply."""


def find_words(text: str) -> tuple[str, ...]:
    """Return the words asked about: numbered JSON strings, or the first JSON list of strings."""
    numbered = _NUMBERED.findall(text)
    if numbered:
        return tuple(json.loads(word) for _, word in numbered)
    decoder = json.JSONDecoder()
    for start in _ARRAY.finditer(text):
        try:
            found, _ = decoder.raw_decode(text, start.start())
        except ValueError:
            continue
        if found and isinstance(found, list) and all(isinstance(word, str) for word in found):
            return tuple(found)
    return ()


def find_layout(text: str, schema: Mapping[str, Any] | None) -> Literal["lists", "verdicts"]:
    """Return the layout of the reply: by the schema if there is one, else by the text."""
    named = schema.get("properties", {}) if schema is not None else text
    return "verdicts" if "verdicts" in named else "lists"
