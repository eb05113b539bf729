from __future__ import annotations

import asyncio
import json

import httpx2
import pytest

from judges.batch.base import BatchUnreachableError
from judges.batch.failures import provider_errors
from judges.providers.live import LiveProvider
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.options import ApiOptions
from tests.judges.fake_provider import KEY


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> LiveProvider:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return OpenAIResponses("gpt-5", ApiOptions(), None, "http://127.0.0.1:1/v1")


def _told(live: LiveProvider, error: BaseException | None, limit_s: float = 5.0) -> str:
    async def inside() -> None:
        async with provider_errors(live, "take a batch", limit_s):
            if error is not None:
                raise error
            await asyncio.sleep(60)

    with pytest.raises(BatchUnreachableError) as caught:
        asyncio.run(inside())
    return str(caught.value)


def test_what_takes_too_long_is_given_up(live: LiveProvider) -> None:
    assert _told(live, None, 0.01) == "openai did not take a batch within 0.01 s"


def test_a_broken_stream_and_a_torn_answer_may_come_whole_later(live: LiveProvider) -> None:
    told = _told(live, httpx2.ReadError(f"broken near {KEY}"))
    assert told == "openai did not take a batch: ReadError: broken near [key]"
    told = _told(live, json.JSONDecodeError("no", "{", 0))
    assert told == "openai did not take a batch: its answer is cut off or no JSON"


def test_no_connection_is_no_refusal(live: LiveProvider) -> None:
    async def inside() -> None:
        async with provider_errors(live, "list batches", 5.0):
            await live.client().batches.list()

    with pytest.raises(BatchUnreachableError, match="openai did not list batches: APIConnection"):
        asyncio.run(inside())


def test_other_errors_are_ours_and_pass(live: LiveProvider) -> None:
    async def inside() -> None:
        async with provider_errors(live, "take a batch", 5.0):
            raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        asyncio.run(inside())
