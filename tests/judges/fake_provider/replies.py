"""Reply bodies of the three interfaces, whole and spoiled, and their error bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.judges.fake_provider.asked import Asked

REASONING_TOKENS = 64
CACHED_TOKENS = 32


def tokens_in(asked: Asked) -> int:
    """Return the tokens of a question as the server counts them."""
    return len(asked.text) // 4 + 200 * len(asked.images)


def tokens_out(asked: Asked, text: str, kind: str) -> int:
    """Return the tokens of a reply as the server counts them."""
    if kind in {"truncated", "thought_away"}:
        return asked.most_tokens
    return len(text) // 4 + REASONING_TOKENS


def reply_body(asked: Asked, text: str, kind: str, snapshot: str, number: int) -> dict[str, Any]:
    """Return the body of a reply with status 200; ``kind`` is the fault in it, or empty."""
    if kind == "truncated":
        text = text[: len(text) // 2]
    elif kind in {"thought_away", "empty"}:
        text = ""
    elif kind in {"refusal", "filtered"}:
        text = "I cannot look at this."
    build = {"responses": _responses, "chat": _chat, "messages": _messages}[asked.api]
    return build(asked, text, kind, snapshot, number)


def _responses(asked: Asked, text: str, kind: str, snapshot: str, number: int) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    if kind == "refusal":
        part = {"type": "refusal", "refusal": text}
    message = {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    reasoning = {"id": f"rs_{number}", "type": "reasoning", "summary": []}
    reasons = {
        "truncated": "max_output_tokens",
        "thought_away": "max_output_tokens",
        "filtered": "content_filter",
    }
    status = "incomplete" if kind in reasons else "completed"
    output: list[Any] = [reasoning] if kind == "thought_away" else [reasoning, message]
    count, made = tokens_in(asked), tokens_out(asked, text, kind)
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1,
        "status": "failed" if kind == "failed" else status,
        "error": (
            {"code": "server_error", "message": "The model stumbled."} if kind == "failed" else None
        ),
        "incomplete_details": {"reason": reasons[kind]} if kind in reasons else None,
        "model": snapshot,
        "output": [] if kind == "failed" else output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": count,
            "input_tokens_details": {"cached_tokens": CACHED_TOKENS, "cache_write_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {
                "reasoning_tokens": made if kind == "thought_away" else REASONING_TOKENS
            },
            "total_tokens": count + made,
        },
    }


def _chat(asked: Asked, text: str, kind: str, snapshot: str, number: int) -> dict[str, Any]:
    if kind == "failed":
        return {"error": {"message": "The model stumbled.", "code": 502}}
    reasons = {"truncated": "length", "thought_away": "length", "filtered": "content_filter"}
    refused = kind == "refusal"
    count, made = tokens_in(asked), tokens_out(asked, text, kind)
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1,
        "model": snapshot,
        "choices": [
            {
                "index": 0,
                "finish_reason": reasons.get(kind, "stop"),
                "logprobs": None,
                "message": {
                    "role": "assistant",
                    "content": None if refused else text,
                    "refusal": text if refused else None,
                },
            }
        ],
        "usage": {
            "prompt_tokens": count,
            "completion_tokens": made,
            "total_tokens": count + made,
            "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
        },
    }


def _messages(asked: Asked, text: str, kind: str, snapshot: str, number: int) -> dict[str, Any]:
    if kind == "failed":
        return error_body("messages", 500, "The model stumbled.", kind="api_error")
    reasons = {"truncated": "max_tokens", "thought_away": "max_tokens"}
    refused = kind in {"refusal", "filtered"}
    made = tokens_out(asked, text, kind)
    details = {"type": "refusal", "category": None, "explanation": text}
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": snapshot,
        "content": [] if refused or not text else [{"type": "text", "text": text}],
        "stop_reason": "refusal" if refused else reasons.get(kind, "end_turn"),
        "stop_sequence": None,
        "stop_details": details if refused else None,
        "usage": {
            "input_tokens": tokens_in(asked) - CACHED_TOKENS,
            "cache_read_input_tokens": CACHED_TOKENS,
            "cache_creation_input_tokens": 0,
            "output_tokens": made,
            "output_tokens_details": {"thinking_tokens": REASONING_TOKENS},
        },
    }


def error_body(
    api: str, status: int, message: str, *, code: str = "", param: str = "", kind: str = ""
) -> dict[str, Any]:
    """Return the body of an error as the interface words it."""
    if api == "messages":
        kinds: Mapping[int, str] = {
            401: "authentication_error",
            404: "not_found_error",
            429: "rate_limit_error",
            500: "api_error",
            529: "overloaded_error",
        }
        name = kind or kinds.get(status, "invalid_request_error")
        return {"type": "error", "error": {"type": name, "message": message}, "request_id": "req"}
    return {
        "error": {
            "message": message,
            "type": kind or "invalid_request_error",
            "param": param or None,
            "code": code or None,
        }
    }
