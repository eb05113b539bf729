"""ApiJudge: every status lands where it should, nothing is asked in vain, every end is clean."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError, UsageError
from harness.core.ids import digest
from harness.core.records import Call, Judgement
from judges.api import ApiJudge
from judges.budget import Budget
from judges.prices import Price, PriceTable
from judges.providers.base import Mend, Prompt, Provider, Sent
from judges.running.contents import received_tokens, sent_tokens
from judges.settings import JudgeSettings, Limits
from tests.judges.running.scripted import (
    PICTURES,
    WORDS,
    ScriptedProvider,
    answered,
    failed,
    fitting,
    reply_text,
    requests,
    shown,
)
from tests.judges.running.virtual import VirtualLoop

PRICES = PriceTable(
    date="2026-11",
    source="made up",
    prices={"gpt-5": Price(input=1.0, output=10.0)},
)


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """No thread outlives a test."""
    before = set(threading.enumerate())
    yield
    assert {thread for thread in threading.enumerate() if thread.name == "judge"} <= before


def virtual_judge(
    provider: Provider, *, limits: Limits | None = None, budget: Budget | None = None
) -> ApiJudge:
    """Return a judge for whom waiting takes no time."""
    settings = JudgeSettings(limits=limits or Limits(), prices=PRICES, budget=budget)
    return ApiJudge("fake", provider, settings, loop_factory=VirtualLoop)


def test_questions_are_answered_each_under_its_key() -> None:
    provider = ScriptedProvider()
    asked = requests(40, per_patch=4)
    found = {reply.key: reply for reply in virtual_judge(provider).judge(asked)}
    assert set(found) == {request.key for request in asked}
    for request in asked:
        reply = found[request.key]
        assert (reply.status, reply.words, reply.patch_id) == (
            "ok",
            request.words,
            request.patch_id,
        )
        assert reply.relations == ("concrete", "abstract", "none", "none", "none", "none")
        assert reply.snapshot == "fake-1"
        assert reply.cost_usd == pytest.approx(0.0002)
        assert (reply.input_tokens, reply.output_tokens, len(reply.calls)) == (100, 10, 1)
        assert reply.judge == "fake"
    assert provider.closed == 1
    assert len(provider.prompts) == 40


def test_the_same_words_asked_twice_are_answered_under_both_keys() -> None:
    first = requests(1)[0]
    second = replace(first, key="another")
    found = list(virtual_judge(ScriptedProvider()).judge([first, second]))
    assert sorted(reply.key for reply in found) == sorted([first.key, "another"])


@given(order=st.permutations(range(6)))
@settings(max_examples=8)
def test_what_a_question_gets_does_not_depend_on_the_order(order: list[int]) -> None:
    def script(prompt: Prompt, number: int) -> Sent:
        words = shown(prompt)
        return answered("no json" if words[-1] in ("w1", "w4") else reply_text(words))

    asked = requests(6)
    plain = {r.key: r for r in virtual_judge(ScriptedProvider(script)).judge(asked)}
    mixed = virtual_judge(ScriptedProvider(script)).judge([asked[place] for place in order])
    assert {r.key: r for r in mixed} == plain
    assert [plain[request.key].status for request in asked].count("parse_error") == 2


def test_no_questions_need_no_key() -> None:
    provider = ScriptedProvider()
    provider.key_error = "no API key"
    assert list(virtual_judge(provider).judge([])) == []


def test_without_a_key_nothing_is_sent() -> None:
    provider = ScriptedProvider()
    provider.key_error = "no API key: set OPENAI_API_KEY or give --keys FILE"
    with pytest.raises(
        UsageError, match="--judge fake: no API key: set OPENAI_API_KEY or give --keys FILE"
    ):
        list(virtual_judge(provider).judge(requests(1)))
    assert provider.prompts == []


def test_a_budget_without_a_price_is_refused_before_anything_is_sent() -> None:
    provider = ScriptedProvider()
    provider.model = "unheard-of-2026-01-01"
    with pytest.raises(UsageError, match="no price for model 'unheard-of-2026-01-01'"):
        list(virtual_judge(provider, budget=Budget(1.0)).judge(requests(1)))
    assert provider.prompts == []


def test_a_floating_name_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "lensbench")
    provider = ScriptedProvider()
    list(virtual_judge(provider).judge(requests(1)))
    assert caplog.text == ""
    provider.model = "gpt-5"
    judge = virtual_judge(provider)
    list(judge.judge(requests(1)))
    list(judge.judge(requests(1)))
    assert caplog.text.count("'gpt-5' names no dated snapshot") == 1


def test_the_version_covers_provider_model_and_parameters() -> None:
    provider = ScriptedProvider()
    first = virtual_judge(provider).version
    assert first == digest(["openai", "gpt-5-2025-08-07", {"effort": "low"}])[:16]
    provider.parameters = {"effort": "high"}
    second = virtual_judge(provider).version
    provider.model = "gpt-5-mini"
    assert len({first, second, virtual_judge(provider).version}) == 3


def test_a_prompt_is_the_question_with_its_pictures() -> None:
    request = requests(1)[0]
    mend = Mend("{", "again")
    prompt = virtual_judge(ScriptedProvider()).prompt(request, mend)
    assert (prompt.images, prompt.mend) == (PICTURES, mend)
    assert shown(prompt) == [*WORDS, "w0"]


@pytest.mark.parametrize(
    ("calls", "status", "error"),
    [
        ([Call(status="ok", raw=reply_text(("dog",)))], "ok", ""),
        ([Call(status="ok", raw="hm")], "parse_error", "the reply holds no JSON object"),
        (
            [Call(status="ok", raw=reply_text(("zebra",)))],
            "schema_error",
            'concrete_words: "zebra" is not among the candidates',
        ),
        ([Call(status="refusal", raw="no", error="refused")], "refusal", "refused"),
        ([Call(status="truncated", raw="{")], "truncated", "the reply is truncated"),
        (
            [
                Call(status="api_error", error="HTTP 429"),
                Call(status="api_error", error="HTTP 500"),
            ],
            "api_error",
            "HTTP 500 (last of 2 calls)",
        ),
        ([Call(status="ok", raw="hm"), Call(status="ok", raw=reply_text(("dog",)))], "ok", ""),
    ],
)
def test_the_last_call_decides_the_outcome(calls: list[Call], status: str, error: str) -> None:
    request = replace(requests(1)[0], words=("dog", "the"))
    found = virtual_judge(ScriptedProvider()).outcome(request, calls, batch="b7")
    assert (found.status, found.error, found.batch) == (status, error, "b7")
    assert found.raw == calls[-1].raw
    assert found.calls == tuple(calls)
    assert found.relations == (("concrete", "none") if status == "ok" else ())


def test_cost_and_usage_are_summed_over_all_calls() -> None:
    steps = [failed(500), answered("no json", output_tokens=30), failed(429)]
    provider = ScriptedProvider(lambda p, n: steps[n] if n < len(steps) else fitting(p))
    [reply] = virtual_judge(provider).judge(requests(1))
    assert [call.status for call in reply.calls] == ["api_error", "ok", "api_error", "ok"]
    assert (reply.status, reply.input_tokens, reply.output_tokens) == ("ok", 200, 40)
    assert reply.cost_usd == pytest.approx((200 + 40 * 10) / 1e6)
    assert reply.latency_s == pytest.approx(0.5 + 0.5 + 0.1 + 0.1)


def test_a_fatal_reply_ends_with_its_line_after_what_was_under_way() -> None:
    def script(prompt: Prompt, number: int) -> Sent:
        return failed(404, fatal="model 'gone' is not known") if number == 1 else fitting(prompt)

    provider = ScriptedProvider(script, latency_s=1.0)
    replies = virtual_judge(provider, limits=Limits(concurrency=3)).judge(requests(50))
    found: list[Judgement] = []
    line = "model 'gone' is not known; 47 questions are left; the same command"
    with pytest.raises(DataError, match=line):
        found.extend(_into(replies, found))
    assert sorted(reply.status for reply in found) == ["api_error", "ok", "ok"]
    assert len(provider.prompts) == 3


def _into(replies: Iterator[Judgement], found: list[Judgement]) -> Sequence[Judgement]:
    for reply in replies:
        found.append(reply)
    return ()


@given(
    limit=st.floats(0, 0.5),
    outputs=st.lists(st.integers(0, 1000), min_size=1, max_size=25),
    width=st.integers(1, 5),
)
@settings(max_examples=25)
def test_the_budget_is_kept_to_the_cent_and_the_rest_left(
    limit: float, outputs: list[int], width: int
) -> None:
    def script(prompt: Prompt, number: int) -> Sent:
        return answered(reply_text(shown(prompt)), input_tokens=900, output_tokens=outputs[number])

    budget = Budget(limit)
    provider = ScriptedProvider(script, latency_s=1.0)
    judge = virtual_judge(provider, limits=Limits(concurrency=width), budget=budget)
    asked = requests(len(outputs))
    worst = _worst(judge.prompt(asked[0]), provider)
    found: list[Judgement] = []
    stopped = False
    try:
        _into(judge.judge(asked), found)
    except DataError as error:
        stopped = True
        left = len(outputs) - len(found)
        assert f"--max-cost {limit:g} would be exceeded: spent $" in str(error)
        rest = "1 question is left" if left == 1 else f"{left} questions are left"
        assert f"; {rest}; raise it and run the same command again" in str(error)
    spent = math.fsum(reply.cost_usd or 0.0 for reply in found)
    assert spent == pytest.approx(budget.spent_usd)
    assert spent <= limit + 1e-9
    assert len(provider.prompts) == len(found)
    assert stopped == (len(found) < len(outputs))
    # A tenth more for the words that differ; what is left would not have paid for one more.
    assert not stopped or limit - spent < worst * 1.1


def _worst(prompt: Prompt, provider: Provider) -> float:
    return (2 * sent_tokens(prompt, provider) + 10 * received_tokens(provider)) / 1e6


def test_requests_a_minute_hold_over_several_lists() -> None:
    """The second list does not begin with a burst of its own."""
    provider = ScriptedProvider()
    settings = JudgeSettings(limits=Limits(requests_per_minute=60), prices=PRICES)
    loop = VirtualLoop()
    clock = [loop]

    def factory() -> asyncio.AbstractEventLoop:
        fresh = VirtualLoop()
        fresh.advance(clock[-1].time())
        clock.append(fresh)
        return fresh

    loop.close()
    judge = ApiJudge("fake", provider, settings, loop_factory=factory)
    for part in range(3):
        list(judge.judge(requests(20)[part::3]))
    gaps = [b - a for a, b in zip(provider.times, provider.times[1:], strict=False)]
    assert len(gaps) == 19
    assert min(gaps) > 0.999


def test_drawing_is_shared_and_its_errors_are_raised() -> None:
    drawn: list[int] = []

    def render() -> tuple[bytes, bytes]:
        drawn.append(1)
        return PICTURES

    assert len(list(virtual_judge(ScriptedProvider()).judge(requests(30, per_patch=10)))) == 30
    list(virtual_judge(ScriptedProvider()).judge(requests(30, per_patch=10, render=render)))
    assert len(drawn) == 3

    def gone() -> tuple[bytes, bytes]:
        raise DataError("image of patch is gone")

    asked = [*requests(3), replace(requests(4)[3], render=gone)]
    found: list[Judgement] = []
    with pytest.raises(DataError, match="image of patch is gone"):
        _into(ApiJudge("fake", ScriptedProvider(), JudgeSettings()).judge(asked), found)
    assert len(found) == 3


def test_thousands_of_questions_take_few_tasks_and_all_are_answered() -> None:
    provider = ScriptedProvider()
    judge = virtual_judge(provider, limits=Limits(concurrency=8))
    shared = requests(1)[0]
    asked = [replace(shared, key=str(number)) for number in range(1500)]
    assert len({reply.key for reply in judge.judge(asked)}) == 1500
    assert provider.most_at_once <= 8
    assert provider.tasks_at_once <= 2 * 8 + 3


def test_most_of_what_concurrency_allows_is_used() -> None:
    """10 calls at once of 0.1 s are at most 100 a second; a ratio with room for a busy machine."""
    provider = ScriptedProvider(latency_s=0.1)
    settings = JudgeSettings(limits=Limits(concurrency=10), prices=PRICES)
    started = time.monotonic()
    found = list(ApiJudge("fake", provider, settings).judge(requests(150, per_patch=30)))
    taken = time.monotonic() - started
    assert len(found) == 150
    assert provider.most_at_once == 10
    assert 150 / taken >= 0.4 * 100


def test_most_of_the_calls_a_minute_are_used() -> None:
    provider = ScriptedProvider(latency_s=2.0)
    limits = Limits(concurrency=40, requests_per_minute=600)
    list(virtual_judge(provider, limits=limits).judge(requests(1500, per_patch=30)))
    # Outcomes are taken in real time, in which the virtual clock may run on: hence the room.
    assert 1500 / provider.times[-1] >= 0.6 * 10
    assert all(
        provider.times[place + 600] - at >= 60 for place, at in enumerate(provider.times[:-600])
    )
