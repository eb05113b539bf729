from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from judges.providers.anthropic_messages import AnthropicMessages
from judges.providers.base import Mend
from judges.providers.options import ApiOptions
from tests.judges.fake_provider import FakeProvider
from tests.judges.providers.pictures import CANVAS, CROP, SCHEMA, question


def block(picture: bytes) -> dict[str, Any]:
    data = base64.b64encode(picture).decode()
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": data},
        "transformations": {"oversized_image": "error"},
    }


def sent_body(fake: FakeProvider, model: str, options: ApiOptions, mend: Mend | None = None) -> Any:
    """Return the body that arrives at the server."""

    async def call() -> None:
        provider = AnthropicMessages(model, options, None, fake.anthropic_url)
        sent = await provider.send(question(mend=mend), 5)
        assert sent.call.status == "ok", sent
        assert sent.call.request_id == f"req_{fake.seen[-1].number}"
        await provider.close()

    asyncio.run(call())
    return fake.seen[-1].body


def test_every_field_of_a_question(fake: FakeProvider) -> None:
    assert sent_body(fake, "claude-opus-4-8", ApiOptions()) == {
        "model": "claude-opus-4-8",
        "max_tokens": 8192,
        "messages": [
            {
                "role": "user",
                "content": [
                    block(CANVAS),
                    {"type": "text", "text": 'Words: ["cat", "dog"]'},
                    block(CROP),
                ],
            }
        ],
        "output_config": {
            "format": {"type": "json_schema", "schema": SCHEMA},
            "effort": "low",
        },
    }
    asked = fake.seen[-1].asked
    assert asked is not None
    assert asked.images == (CANVAS, CROP)
    assert fake.seen[-1].request.path == "/v1/messages"


def test_a_model_without_effort_gets_none(fake: FakeProvider) -> None:
    body = sent_body(fake, "claude-haiku-4-5", ApiOptions())
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}}
    free = sent_body(fake, "claude-haiku-4-5", ApiOptions(format="none", max_output_tokens=77))
    assert "output_config" not in free
    assert free["max_tokens"] == 77


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-opus-4-8", "claude-haiku-5-5"])
def test_no_model_gets_a_temperature(fake: FakeProvider, model: str) -> None:
    assert "temperature" not in sent_body(fake, model, ApiOptions())


def test_a_repair_shows_the_reply_and_asks_again(fake: FakeProvider) -> None:
    body = sent_body(fake, "claude-opus-4-8", ApiOptions(), Mend("reply", "Again."))
    assert body["messages"][1:] == [
        {"role": "assistant", "content": "reply"},
        {"role": "user", "content": "Again."},
    ]


def whole(**changes: Any) -> dict[str, Any]:
    """Return a reply's body."""
    return {
        "type": "message",
        "model": "claude-haiku-4-5-20251001",
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "{}"}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 800,
            "cache_read_input_tokens": 90,
            "cache_creation_input_tokens": 10,
            "output_tokens": 450,
            "output_tokens_details": {"thinking_tokens": 320},
        },
    } | changes


PROVIDER = AnthropicMessages("claude-haiku-4-5", ApiOptions(), None)


def test_a_whole_reply_is_read() -> None:
    call = PROVIDER.read(whole())
    assert (call.status, call.raw, call.error) == ("ok", "{}", "")
    assert call.snapshot == "claude-haiku-4-5-20251001"
    assert (call.input_tokens, call.cached_tokens) == (900, 90)
    assert (call.output_tokens, call.reasoning_tokens) == (450, 320)


@pytest.mark.parametrize(
    ("changes", "status", "raw"),
    [
        ({"stop_reason": "refusal", "content": []}, "refusal", ""),
        ({"stop_reason": "max_tokens"}, "truncated", "{}"),
        ({"stop_reason": "model_context_window_exceeded"}, "truncated", "{}"),
        ({"stop_reason": "pause_turn"}, "api_error", "{}"),
        ({"stop_reason": "tool_use"}, "api_error", "{}"),
        ({"content": []}, "api_error", ""),
        ({"content": [], "usage": {"output_tokens": 4096}}, "truncated", ""),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ok", "ab"),
        ({"stop_reason": "stop_sequence"}, "ok", "{}"),
    ],
)
def test_replies_that_say_nothing_whole(changes: Any, status: str, raw: str) -> None:
    call = PROVIDER.read(whole(**changes))
    assert (call.status, call.raw) == (status, raw)
    assert bool(call.error) is (status != "ok")


def test_a_refusal_says_why() -> None:
    details = {"type": "refusal", "explanation": "It may do harm."}
    call = PROVIDER.read(whole(stop_reason="refusal", stop_details=details))
    assert call.error == "the model refused: It may do harm."


@pytest.mark.parametrize("payload", [{}, {"content": "x"}, {"content": [None]}, {"usage": 7}])
def test_odd_replies_are_errors(payload: Any) -> None:
    assert PROVIDER.read(payload).status == "api_error"


def test_the_address_comes_from_the_environment(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", fake.anthropic_url)
    provider = AnthropicMessages("claude-haiku-4-5", ApiOptions(), None)
    assert provider.parameters == {
        "max_output_tokens": 4096,
        "format": "json_schema",
        "base_url": fake.anthropic_url,
    }
    assert "base_url" not in PROVIDER.parameters

    async def call() -> None:
        assert (await provider.send(question(), 5)).call.status == "ok"
        await provider.close()

    asyncio.run(call())
    assert len(fake.seen) == 1
