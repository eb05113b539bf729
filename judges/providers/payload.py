"""Reading replies that may hold anything: a missing or odd member is an absent one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def member(payload: Any, *path: str | int) -> Any:
    """Return what is found in nested objects and lists along ``path``, or None."""
    for step in path:
        if isinstance(step, str) and isinstance(payload, Mapping):
            payload = payload.get(step)
        elif isinstance(step, int) and isinstance(payload, list) and step < len(payload):
            payload = payload[step]
        else:
            return None
    return payload


def text_at(payload: Any, *path: str | int) -> str:
    """Return the text found along ``path``, or the empty string; it can be written as UTF-8."""
    found = member(payload, *path)
    if not isinstance(found, str):
        return ""
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def count_at(payload: Any, *path: str | int) -> int:
    """Return the count found along ``path``, or 0."""
    found = member(payload, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0


def list_at(payload: Any, *path: str | int) -> list[Any]:
    """Return the list found along ``path``, or an empty one."""
    found = member(payload, *path)
    return found if isinstance(found, list) else []
