"""What the three interfaces have in common: the turns that are sent, and a reply's end."""

from __future__ import annotations

from typing import Any

from harness.core.records import Status
from judges.providers.base import Mend


def turns(content: list[dict[str, Any]], mend: Mend | None) -> list[dict[str, Any]]:
    """Return the question, and with ``mend`` the reply to it and the request to put it right."""
    question = [{"role": "user", "content": content}]
    if mend is None:
        return question
    return [
        *question,
        {"role": "assistant", "content": mend.reply},
        {"role": "user", "content": mend.request},
    ]


def finished(text: str, used: int, most: int) -> tuple[Status, str]:
    """Return status and error of a reply that the model ended itself.

    Args:
        text: Its text.
        used: Tokens of the reply, hidden reasoning included.
        most: Tokens that it could have had.
    """
    if text.strip():
        return "ok", ""
    if used >= most:
        return "truncated", f"all {used} tokens of the reply went into reasoning"
    return "api_error", "the reply is empty"
