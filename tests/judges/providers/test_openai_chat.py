from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from judges.providers.base import Mend
from judges.providers.openai_chat import OpenAIChat
from judges.providers.options import ApiOptions
from tests.judges.fake_provider import KEY, FakeProvider
from tests.judges.providers.pictures import CANVAS, CROP, SCHEMA, question


def url(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def sent_body(fake: FakeProvider, options: ApiOptions, mend: Mend | None = None) -> Any:
    """Return the body that arrives at the server."""

    async def call() -> None:
        provider = OpenAIChat(fake.openai_url, "qwen2.5vl:7b", options, None)
        sent = await provider.send(question(mend=mend), 5)
        assert sent.call.status == "ok", sent
        await provider.close()

    asyncio.run(call())
    return fake.seen[-1].body


def test_every_field_of_a_question(fake: FakeProvider) -> None:
    assert sent_body(fake, ApiOptions()) == {
        "model": "qwen2.5vl:7b",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": url(CANVAS), "detail": "high"}},
                    {"type": "text", "text": 'Words: ["cat", "dog"]'},
                    {"type": "image_url", "image_url": {"url": url(CROP), "detail": "high"}},
                ],
            }
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True},
        },
        "max_tokens": 4096,
        "temperature": 0,
    }
    assert fake.seen[-1].request.path == "/v1/chat/completions"


def test_a_server_without_schemas_is_asked_without_one(fake: FakeProvider) -> None:
    assert "response_format" not in sent_body(fake, ApiOptions(format="none"))
    body = sent_body(fake, ApiOptions(format="json_object"))
    assert body["response_format"] == {"type": "json_object"}
    chosen = OpenAIChat("http://h/v1", "m", ApiOptions(format="none"), None)
    assert chosen.capabilities.schema_kind == "none"
    assert chosen.parameters["format"] == "none"


def test_a_repair_shows_the_reply_and_asks_again(fake: FakeProvider) -> None:
    body = sent_body(fake, ApiOptions(), Mend("reply", "Again."))
    assert body["messages"][1:] == [
        {"role": "assistant", "content": "reply"},
        {"role": "user", "content": "Again."},
    ]


def test_models_behind_a_router_that_refuse_a_temperature_get_none() -> None:
    provider = OpenAIChat("https://openrouter.ai/api/v1", "openai/gpt-5", ApiOptions(), None)
    assert "temperature" not in provider.body(question())
    assert "temperature" not in provider.parameters


def test_the_address_is_a_parameter() -> None:
    assert OpenAIChat("http://h/v1/", "m", ApiOptions(), None).parameters == {
        "detail": "high",
        "max_output_tokens": 4096,
        "format": "json_schema",
        "temperature": 0,
        "base_url": "http://h/v1",
    }


def whole(**changes: Any) -> dict[str, Any]:
    """Return a reply's body; ``message`` and ``finish_reason`` are those of its choice."""
    choice = {
        "message": {"content": "{}", "refusal": None} | changes.pop("message", {}),
        "finish_reason": changes.pop("finish_reason", "stop"),
    }
    return {
        "id": "chatcmpl-1",
        "model": "served",
        "choices": [choice],
        "usage": {
            "prompt_tokens": 900,
            "completion_tokens": 50,
            "prompt_tokens_details": {"cached_tokens": 8},
            "completion_tokens_details": {"reasoning_tokens": 4},
        },
    } | changes


PROVIDER = OpenAIChat("http://h/v1", "served", ApiOptions(), None)


def test_a_whole_reply_is_read() -> None:
    call = PROVIDER.read(whole())
    assert (call.status, call.raw, call.error) == ("ok", "{}", "")
    assert (call.snapshot, call.request_id) == ("served", "chatcmpl-1")
    assert (call.input_tokens, call.cached_tokens) == (900, 8)
    assert (call.output_tokens, call.reasoning_tokens) == (50, 4)
    assert PROVIDER.read(whole(provider="Somebody")).snapshot == "served (Somebody)"


@pytest.mark.parametrize(
    ("changes", "status", "raw"),
    [
        ({"message": {"content": None, "refusal": "No."}}, "refusal", "No."),
        ({"finish_reason": "content_filter"}, "refusal", "{}"),
        ({"finish_reason": "length"}, "truncated", "{}"),
        ({"finish_reason": "error"}, "api_error", "{}"),
        ({"finish_reason": "tool_calls"}, "api_error", "{}"),
        ({"choices": []}, "api_error", ""),
        ({"message": {"content": ""}}, "api_error", ""),
        ({"message": {"content": ""}, "usage": {"completion_tokens": 4096}}, "truncated", ""),
        ({"message": {"content": [{"type": "text", "text": "{}"}]}}, "ok", "{}"),
        ({"finish_reason": None}, "ok", "{}"),
    ],
)
def test_replies_that_say_nothing_whole(changes: Any, status: str, raw: str) -> None:
    call = PROVIDER.read(whole(**changes))
    assert (call.status, call.raw) == (status, raw)
    assert bool(call.error) is (status != "ok")


@pytest.mark.parametrize("payload", [{}, {"choices": [None]}, {"choices": "x"}, {"usage": 7}])
def test_odd_replies_are_errors(payload: Any) -> None:
    assert PROVIDER.read(payload).status == "api_error"


def test_a_server_at_home_needs_no_key(fake: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPATIBLE_API_KEY")
    fake.key = None
    assert PROVIDER.key_problem() == ""
    sent_body(fake, ApiOptions())
    given = fake.seen[-1].request.headers["authorization"]
    assert KEY not in given


def test_other_hosts_learn_nothing_of_an_account_at_openai(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {
        "OPENAI_API_KEY": "sk-ours-0123456789",
        "OPENAI_ORG_ID": "org-ours",
        "OPENAI_PROJECT_ID": "proj-ours",
    }
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    sent_body(fake, ApiOptions())
    headers = str(fake.seen[-1].request.headers)
    assert not any(value in headers for value in ours.values())


def test_a_router_needs_its_own_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def made(keys: Path | None) -> OpenAIChat:
        return OpenAIChat("https://openrouter.ai/api/v1", "m", ApiOptions(), keys)

    assert made(None).key() == KEY
    monkeypatch.delenv("OPENROUTER_API_KEY")
    assert made(None).key_problem() == "no API key: set OPENROUTER_API_KEY or give --keys FILE"
    keys = tmp_path / "keys"
    keys.touch(mode=0o600)
    keys.write_text("OPENROUTER_API_KEY=other\n")
    assert made(keys).key_problem() == ""
    assert made(keys).key() == "other"
