from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from judges.providers.base import Mend
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.options import ApiOptions
from tests.judges.fake_provider import FakeProvider
from tests.judges.providers.pictures import CANVAS, CROP, SCHEMA, question


def url(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def sent_body(fake: FakeProvider, model: str, options: ApiOptions, mend: Mend | None = None) -> Any:
    """Return the body that arrives at the server."""

    async def call() -> None:
        provider = OpenAIResponses(model, options, None, fake.openai_url)
        sent = await provider.send(question(mend=mend), 5)
        assert sent.call.status == "ok", sent
        assert fake.seen[-1].body == provider.body(question(mend=mend))
        await provider.close()

    asyncio.run(call())
    return fake.seen[-1].body


def test_every_field_of_a_question_to_gpt_5(fake: FakeProvider) -> None:
    assert sent_body(fake, "gpt-5", ApiOptions()) == {
        "model": "gpt-5",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_image", "image_url": url(CANVAS), "detail": "high"},
                    {"type": "input_text", "text": 'Words: ["cat", "dog"]'},
                    {"type": "input_image", "image_url": url(CROP), "detail": "high"},
                ],
            }
        ],
        "text": {
            "format": {"type": "json_schema", "name": "reply", "schema": SCHEMA, "strict": True},
            "verbosity": "low",
        },
        "reasoning": {"effort": "low"},
        "max_output_tokens": 8192,
        "store": False,
    }
    asked = fake.seen[-1].asked
    assert asked is not None
    assert asked.images == (CANVAS, CROP)
    request = fake.seen[-1].request
    assert (request.method, request.path) == ("POST", "/v1/responses")
    assert "x-stainless-retry-count" not in request.headers or (
        request.headers["x-stainless-retry-count"] == "0"
    )


def test_options_are_sent(fake: FakeProvider) -> None:
    options = ApiOptions(
        effort="minimal", detail="low", verbosity="high", max_output_tokens=999, format="none"
    )
    body = sent_body(fake, "gpt-5-mini", options)
    details = [part["detail"] for part in body["input"][0]["content"] if "detail" in part]
    assert details == ["low", "low"]
    assert body["reasoning"] == {"effort": "minimal"}
    assert body["text"] == {"verbosity": "high"}
    assert body["max_output_tokens"] == 999


def test_a_model_without_reasoning_gets_a_temperature_and_no_effort(fake: FakeProvider) -> None:
    body = sent_body(fake, "gpt-4o", ApiOptions(format="json_object"))
    assert body["temperature"] == 0
    assert "reasoning" not in body
    assert body["text"] == {"format": {"type": "json_object"}}


@pytest.mark.parametrize("model", ["gpt-5", "gpt-5-mini", "gpt-5.1", "gpt-5.5", "gpt-6-luna", "o3"])
def test_reasoning_models_get_no_temperature(fake: FakeProvider, model: str) -> None:
    assert "temperature" not in sent_body(fake, model, ApiOptions())


def test_a_repair_shows_the_reply_and_asks_again(fake: FakeProvider) -> None:
    body = sent_body(fake, "gpt-5", ApiOptions(), Mend('{"a": 1}', "Again, please."))
    assert len(body["input"][0]["content"]) == 3
    assert body["input"][1:] == [
        {"role": "assistant", "content": '{"a": 1}'},
        {"role": "user", "content": "Again, please."},
    ]


def whole(**changes: Any) -> dict[str, Any]:
    """Return a reply's body."""
    part = {"type": "output_text", "text": "{}", "annotations": []}
    message = {"type": "message", "role": "assistant", "content": [part]}
    return {
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "gpt-5-2025-08-07",
        "output": [{"type": "reasoning", "content": [{"text": "hidden"}]}, message],
        "usage": {
            "input_tokens": 900,
            "input_tokens_details": {"cached_tokens": 128},
            "output_tokens": 450,
            "output_tokens_details": {"reasoning_tokens": 320},
        },
    } | changes


PROVIDER = OpenAIResponses("gpt-5", ApiOptions(), None)


def test_a_whole_reply_is_read() -> None:
    call = PROVIDER.read(whole())
    assert (call.status, call.raw, call.error) == ("ok", "{}", "")
    assert call.snapshot == "gpt-5-2025-08-07"
    assert (call.input_tokens, call.cached_tokens) == (900, 128)
    assert (call.output_tokens, call.reasoning_tokens) == (450, 320)
    assert call.cost_usd == 0.0


def output(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "message", "content": list(parts)}]


@pytest.mark.parametrize(
    ("changes", "status", "raw"),
    [
        ({"output": output({"type": "refusal", "refusal": "No."})}, "refusal", "No."),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "refusal",
            "{}",
        ),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "truncated",
            "{}",
        ),
        ({"status": "incomplete"}, "truncated", "{}"),
        ({"status": "failed", "error": {"message": "m"}}, "api_error", "{}"),
        ({"status": "queued"}, "api_error", "{}"),
        ({"output": []}, "api_error", ""),
        ({"output": output({"type": "output_text", "text": " \n"})}, "api_error", " \n"),
        ({"output": [], "usage": {"output_tokens": 8192}}, "truncated", ""),
        ({"output": output({"text": "a"}, {"text": "b"})}, "ok", "ab"),
    ],
)
def test_replies_that_say_nothing_whole(changes: Any, status: str, raw: str) -> None:
    call = PROVIDER.read(whole(**changes))
    assert (call.status, call.raw) == (status, raw)
    assert bool(call.error) is (status != "ok")


@pytest.mark.parametrize("payload", [{}, {"output": None}, {"output": [None, 3]}, {"usage": 7}])
def test_odd_replies_are_errors(payload: Any) -> None:
    assert PROVIDER.read(payload).status == "api_error"


def test_parameters_tell_what_shapes_a_reply() -> None:
    assert PROVIDER.parameters == {
        "effort": "low",
        "detail": "high",
        "verbosity": "low",
        "max_output_tokens": 8192,
        "format": "json_schema",
    }
    assert OpenAIResponses("gpt-4o", ApiOptions(), None).parameters["temperature"] == 0


def test_the_address_comes_from_the_environment(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", fake.openai_url)
    provider = OpenAIResponses("gpt-5", ApiOptions(), None)
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert provider.parameters["base_url"] == fake.openai_url

    async def call() -> None:
        assert (await provider.send(question(), 5)).call.status == "ok"
        await provider.close()

    asyncio.run(call())
    assert len(fake.seen) == 1


def test_naming_the_usual_address_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://api.openai.com/v1/")
    assert OpenAIResponses("gpt-5", ApiOptions(), None).parameters == PROVIDER.parameters
