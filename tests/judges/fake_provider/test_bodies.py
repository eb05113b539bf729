from __future__ import annotations

import copy
from typing import Any

import pytest

from judges.providers.anthropic_messages import AnthropicMessages
from judges.providers.openai_chat import OpenAIChat
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.options import ApiOptions
from tests.judges.fake_provider.bodies import (
    BadBodyError,
    read_chat,
    read_messages,
    read_responses,
)
from tests.judges.providers.pictures import CANVAS, png, question

READERS: dict[str, Any] = {
    "responses": read_responses,
    "chat": read_chat,
    "messages": read_messages,
}
BODIES: dict[str, dict[str, Any]] = {
    "responses": OpenAIResponses("gpt-5", ApiOptions(), None).body(question()),
    "chat": OpenAIChat("http://h/v1", "tiny", ApiOptions(), None).body(question()),
    "messages": AnthropicMessages("claude-opus-4-8", ApiOptions(), None).body(question()),
}


def changed(api: str, path: list[str | int], value: Any) -> dict[str, Any]:
    """Return a good body with one member set."""
    body = copy.deepcopy(BODIES[api])
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return body


@pytest.mark.parametrize("api", sorted(BODIES))
def test_good_bodies_are_understood(api: str) -> None:
    asked = READERS[api](BODIES[api])
    assert asked.words == ("cat", "dog")
    assert asked.images[0] == CANVAS
    assert (asked.layout, asked.mend) == ("verdicts", False)


@pytest.mark.parametrize(
    ("api", "path", "value", "status", "code"),
    [
        ("responses", ["seed"], 1, 400, "unknown_parameter"),
        ("responses", ["messages"], [], 400, "unknown_parameter"),
        ("responses", ["text", "schema"], {}, 400, "unknown_parameter"),
        ("responses", ["input", 0, "content", 0, "url"], "x", 400, "unknown_parameter"),
        ("responses", ["temperature"], 0, 400, "unsupported_parameter"),
        ("responses", ["reasoning"], {"effort": "xhigh"}, 400, "unsupported_value"),
        ("responses", ["max_output_tokens"], 1, 400, "invalid_value"),
        ("responses", ["max_output_tokens"], "9000", 400, "invalid_value"),
        ("responses", ["model"], "gpt-77", 404, "model_not_found"),
        ("responses", ["text", "format", "schema"], {"type": "object"}, 400, "invalid_json_schema"),
        ("responses", ["input", 0, "content", 0, "detail"], "best", 400, "invalid_value"),
        ("chat", ["input"], [], 400, "unknown_parameter"),
        ("chat", ["reasoning_effort"], "low", 400, "unsupported_parameter"),
        ("chat", ["model"], "gpt-5", 404, "model_not_found"),
        ("messages", ["temperature"], 0, 400, "unknown_parameter"),
        ("messages", ["output_format"], {}, 400, "unknown_parameter"),
        ("messages", ["output_config", "effort"], "minimal", 400, "unsupported_value"),
        ("messages", ["model"], "claude-2", 404, "model_not_found"),
        ("messages", ["max_tokens"], None, 400, "invalid_value"),
    ],
)
def test_one_odd_member_is_refused(
    api: str, path: list[str | int], value: Any, status: int, code: str
) -> None:
    with pytest.raises(BadBodyError) as caught:
        READERS[api](changed(api, path, value))
    assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize("api", sorted(BODIES))
def test_every_member_that_is_needed_is_missed(api: str) -> None:
    needed = {"responses": {"model", "input"}, "chat": {"model", "messages"}}
    for name in needed.get(api, {"model", "max_tokens", "messages"}):
        body = {key: value for key, value in BODIES[api].items() if key != name}
        with pytest.raises(BadBodyError) as caught:
            READERS[api](body)
        assert caught.value.code == "missing_required_parameter"


def test_a_damaged_picture_is_refused() -> None:
    url = BODIES["responses"]["input"][0]["content"][0]["image_url"]
    for bad in (url[:-8], url.replace("image/png", "image/jpeg"), url[:60] + "AAAA" + url[64:]):
        body = changed("responses", ["input", 0, "content", 0, "image_url"], bad)
        with pytest.raises(BadBodyError):
            read_responses(body)


def test_a_picture_that_would_be_scaled_is_refused_by_anthropic() -> None:
    provider = AnthropicMessages("claude-opus-4-8", ApiOptions(), None)
    prompt = question()
    large = type(prompt)(prompt.text, (png(3000, 2),), "reply", prompt.schema)
    with pytest.raises(BadBodyError, match="3000x2 exceed"):
        read_messages(provider.body(large))


def test_a_conversation_may_not_end_with_the_model() -> None:
    body = changed("messages", ["messages"], [{"role": "assistant", "content": "{"}])
    with pytest.raises(BadBodyError, match="prefill"):
        read_messages(body)
