"""Why a judge said what it said, as a reader can be shown it: from the stored text of its reply."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def grounds(raw: str) -> str:
    """Return the grounds that a reply gives; empty if it gives none or cannot be read.

    A model's reply has them in words. A rule-based judge lists what each word was matched with,
    from which one short clause per related word is made.
    """
    try:
        found = json.loads(raw[raw.find("{") : raw.rfind("}") + 1] if raw[:1] != "[" else raw)
    except ValueError:
        return ""
    if isinstance(found, dict):
        said = found.get("reasoning", "")
        return said.strip() if isinstance(said, str) else ""
    return "; ".join(dict.fromkeys(_clauses(found)))


def _clauses(matches: list[Any]) -> Iterable[str]:
    """Yield what each related word was matched with."""
    for match in matches:
        if not isinstance(match, dict) or match.get("relation") in (None, "none"):
            continue
        entity, via = match.get("entity", ""), match.get("via", "")
        of = f" {via} of {entity}" if via and entity else f" {entity or via}"
        yield f"{match.get('word', '')}: {match['relation']},{of}".rstrip(", ")
