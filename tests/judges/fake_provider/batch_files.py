"""One batch at the fake server, and the lines of its files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Outcome = Literal["answer", "expire", "cancel", "lose"]
"""What becomes of a question: answered, expired, cancelled, or in no file at all."""


@dataclass(slots=True)
class FakeBatch:
    """One batch at the server."""

    id: str
    api: Literal["responses", "messages"]
    items: list[tuple[str, dict[str, Any]]]
    created: float
    polls: int
    """Looks at its state until it has ended."""
    metadata: dict[str, str] = field(default_factory=dict)
    file_id: str = ""
    failure: str = ""
    """Why it failed as a whole."""
    status: str = "completed"
    """Status once it has ended, of OpenAI."""
    archived: bool = False
    """Whether its results are gone, of Anthropic."""
    files: dict[str, str] = field(default_factory=dict)
    """Id of the file by kind: output, error."""

    @property
    def ended(self) -> bool:
        return self.polls <= 0


def read_lines(lines: Iterable[str]) -> tuple[list[tuple[str, dict[str, Any]]], str]:
    """Return the requests of an input file, and why it is not accepted, if it is not."""
    items: list[tuple[str, dict[str, Any]]] = []
    for line in lines:
        entry: Mapping[str, Any] = json.loads(line)
        if set(entry) != {"custom_id", "method", "url", "body"}:
            return items, "invalid_json_line: a line has other members"
        if entry["method"] != "POST" or entry["url"] != "/v1/responses":
            return items, "mismatched_endpoint: the line's url is not that of the batch"
        items.append((entry["custom_id"], dict(entry["body"])))
    if len({key for key, _ in items}) != len(items):
        return items, "duplicate_custom_id: a custom_id was given twice"
    return items, ""


def whole_error(failure: str) -> dict[str, Any]:
    code, _, message = failure.partition(": ")
    return {"code": code, "message": message, "param": None, "line": None}


def jsonl(lines: Iterable[Mapping[str, Any]]) -> bytes:
    # Not escaped, so that line ends of other kinds than \n stand inside the strings.
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def iso_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
