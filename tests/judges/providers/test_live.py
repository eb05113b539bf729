"""The real SDKs against the fake provider: what each failure becomes, for each interface."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

import pytest

from judges.providers.anthropic_messages import AnthropicMessages
from judges.providers.base import Prompt, Sent
from judges.providers.live import LiveProvider
from judges.providers.openai_chat import OpenAIChat
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.options import ApiOptions
from tests.judges.fake_provider import FakeProvider, Fault, always, in_turn
from tests.judges.providers.conftest import KEYS
from tests.judges.providers.pictures import png, question

Make = Callable[[FakeProvider], LiveProvider]


def openai(fake: FakeProvider) -> LiveProvider:
    return OpenAIResponses("gpt-5", ApiOptions(), None, fake.openai_url)


def compatible(fake: FakeProvider) -> LiveProvider:
    return OpenAIChat(fake.openai_url, "tiny", ApiOptions(), None)


def anthropic(fake: FakeProvider) -> LiveProvider:
    return AnthropicMessages("claude-haiku-4-5", ApiOptions(), None, fake.anthropic_url)


ALL = pytest.mark.parametrize("make", [openai, compatible, anthropic])


def send(provider: LiveProvider, prompt: Prompt | None = None, timeout_s: float = 5.0) -> Sent:
    """Return the outcome of one call."""

    async def call() -> Sent:
        try:
            return await provider.send(prompt or question(), timeout_s)
        finally:
            await provider.close()

    return asyncio.run(call())


@ALL
@pytest.mark.parametrize(
    ("kind", "http_status", "overload"),
    [
        ("rate_limit", 429, True),
        ("error_500", 500, False),
        ("unavailable", 503, True),
        ("overloaded", 529, True),
        ("conflict", 409, False),
        ("failed", 200, False),
        ("html", 200, False),
        ("drop", 0, False),
        ("cut", 0, False),
    ],
)
def test_what_may_pass_is_tried_again_by_us_and_only_by_us(
    fake: FakeProvider, make: Make, kind: str, http_status: int, overload: bool
) -> None:
    fake.faults = always(Fault(kind))  # type: ignore[arg-type]
    sent = send(make(fake))
    assert (sent.retry, sent.overload, sent.fatal) == (True, overload, "")
    assert sent.call.status == "api_error"
    assert sent.call.http_status == http_status
    assert sent.call.error
    assert len(fake.seen) == 1, "the SDK tried again by itself"


@ALL
@pytest.mark.parametrize("fault", [Fault("slow", seconds=30), Fault("trickle", seconds=0.05)])
def test_a_reply_that_takes_too_long_is_given_up(
    fake: FakeProvider, make: Make, fault: Fault
) -> None:
    fake.faults = always(fault)
    sent = send(make(fake), timeout_s=0.3)
    assert (sent.retry, sent.overload) == (True, False)
    assert sent.call.status == "api_error"
    assert sent.call.error == "no whole reply within 0.3 s"
    assert 0.3 <= sent.call.latency_s < 15


@ALL
def test_the_wait_that_a_reply_asks_for_is_passed_on(fake: FakeProvider, make: Make) -> None:
    fake.faults = in_turn(
        [Fault("rate_limit", retry_after="500"), Fault("rate_limit", retry_after_ms="250")]
    )
    assert send(make(fake)).retry_after_s == 500.0
    assert send(make(fake)).retry_after_s == 0.25


@ALL
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("refusal", "refusal"),
        ("filtered", "refusal"),
        ("truncated", "truncated"),
        ("thought_away", "truncated"),
        ("empty", "api_error"),
    ],
)
def test_replies_that_are_no_answer_keep_text_and_usage(
    fake: FakeProvider, make: Make, kind: str, status: str
) -> None:
    fake.faults = always(Fault(kind))  # type: ignore[arg-type]
    sent = send(make(fake))
    assert sent.call.status == status
    assert sent.call.http_status == 200
    assert (sent.retry, sent.fatal) == (False, "")
    assert sent.call.error
    assert sent.call.input_tokens > 0
    assert sent.call.output_tokens > 0
    assert bool(sent.call.raw) is (kind == "truncated" or _says_so(make, kind))


def _says_so(make: Make, kind: str) -> bool:
    """Tell whether a refusal comes with a text of the model."""
    return kind in {"refusal", "filtered"} and make is not anthropic


@ALL
@pytest.mark.parametrize("kind", ["malformed", "fenced", "foreign_word", "null_lists"])
def test_any_whole_text_is_received_as_it_is(fake: FakeProvider, make: Make, kind: str) -> None:
    fake.faults = always(Fault(kind))  # type: ignore[arg-type]
    sent = send(make(fake))
    assert sent.call.status == "ok"
    assert sent.call.raw


@ALL
def test_a_whole_reply_brings_snapshot_usage_and_identity(fake: FakeProvider, make: Make) -> None:
    provider = make(fake)
    call = send(provider).call
    assert (call.status, call.error, call.http_status) == ("ok", "", 200)
    assert call.snapshot == fake.models[_api(make)][provider.model].snapshot
    assert call.request_id == "req_0"
    assert call.input_tokens > call.cached_tokens == 32
    assert call.output_tokens > 0
    assert call.latency_s > 0
    assert '"cat"' in call.raw


def _api(make: Make) -> str:
    return {openai: "responses", compatible: "chat", anthropic: "messages"}[make]  # type: ignore[index]


@ALL
def test_a_picture_that_is_too_large_for_the_provider_ends_one_question(
    fake: FakeProvider, make: Make
) -> None:
    fake.faults = always(Fault("image_too_large"))
    sent = send(make(fake))
    assert (sent.call.status, sent.call.http_status) == ("api_error", 400)
    assert (sent.retry, sent.fatal) == (False, "")
    assert "image exceeds 5 MB maximum" in sent.call.error


@pytest.mark.parametrize(("make", "side"), [(openai, 2049), (anthropic, 1569)])
def test_a_picture_that_would_be_scaled_is_not_sent(
    fake: FakeProvider, make: Make, side: int
) -> None:
    large = Prompt("?", (png(side, 4), png(4, 4)), "reply", {})
    sent = send(make(fake), large)
    assert sent.call.status == "api_error"
    assert f"image {side}x4 is larger than" in sent.call.error
    assert (sent.retry, sent.fatal) == (False, "")
    assert not fake.seen


@ALL
def test_no_credit_and_impossible_settings_end_the_judge(fake: FakeProvider, make: Make) -> None:
    fake.faults = in_turn([Fault("quota"), Fault("unsupported")])
    provider = make(fake)
    for said in ("exceeded your current quota", "temperature: Extra inputs are not permitted"):
        sent = send(provider)
        assert not sent.retry
        assert f"{provider.name} (" in sent.fatal
        assert provider.model in sent.fatal
        assert said in sent.fatal


@ALL
def test_an_unknown_model_ends_the_judge(fake: FakeProvider, make: Make) -> None:
    fake.models = {"responses": {}, "chat": {}, "messages": {}}
    sent = send(make(fake))
    assert sent.call.http_status == 404
    assert "does not exist" in sent.fatal
    assert "Check the judge's model name" in sent.fatal


@ALL
def test_a_refused_key_ends_the_judge_and_is_never_shown(
    fake: FakeProvider,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wrong = "sk-wrong-9876543210zyxwv"
    for name in KEYS:
        monkeypatch.setenv(name, wrong)
    provider = make(fake)
    with caplog.at_level(logging.DEBUG):
        sent = send(provider)
    given = fake.seen[0].request.headers
    assert wrong in given.get("authorization", "") + given.get("x-api-key", ""), "no key was sent"
    assert sent.call.http_status == 401
    assert "The API key was refused: check " in sent.fatal
    assert "_API_KEY" in sent.fatal
    shown = [repr(sent), repr(provider), str(vars(provider)), repr(provider.parameters)]
    shown += [caplog.text, sent.call.model_dump_json(), str(provider.body(question()))]
    assert not any(wrong in text for text in shown)


@pytest.mark.parametrize("make", [openai, anthropic])
def test_without_a_key_nothing_is_sent(
    fake: FakeProvider, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    sent = send(make(fake))
    assert sent.fatal.startswith("no API key: set ")
    assert not fake.seen


def test_a_server_that_is_not_there_may_come_back() -> None:
    sent = send(OpenAIChat("http://127.0.0.1:9/v1", "tiny", ApiOptions(), None))
    assert sent.retry
    assert sent.call.error.startswith("connection failed: ")


@ALL
def test_each_event_loop_gets_a_client_of_its_own(fake: FakeProvider, make: Make) -> None:
    provider = make(fake)

    async def clients() -> list[object]:
        return [provider.client(), provider.client()]

    first, second = asyncio.run(clients()), asyncio.run(clients())
    assert first[0] is first[1]
    assert second[0] is second[1]
    assert first[0] is not second[0]


@ALL
def test_a_provider_can_be_closed_and_used_again(fake: FakeProvider, make: Make) -> None:
    provider = make(fake)

    async def calls() -> Sequence[Sent]:
        sent = await asyncio.gather(*(provider.send(question(), 5) for _ in range(8)))
        await provider.close()
        return sent

    for _ in range(2):
        assert [sent.call.status for sent in asyncio.run(calls())] == ["ok"] * 8


@ALL
def test_a_cancelled_call_is_cancelled(fake: FakeProvider, make: Make) -> None:
    fake.faults = always(Fault("slow"))
    provider = make(fake)

    async def call() -> None:
        task = asyncio.ensure_future(provider.send(question(), 30))
        while not fake.most_at_once:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await provider.close()

    asyncio.run(call())
