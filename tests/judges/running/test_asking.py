"""Asking: retries, patience, pauses and the one request to repair, in the loop's own time."""

from __future__ import annotations

import asyncio

import pytest

from harness.core.records import Call
from judges.base import JudgeRequest
from judges.budget import Budget
from judges.prices import Price
from judges.providers.base import Prompt, Sent
from judges.running.asking import Asked, Asking
from judges.running.gate import Gate
from judges.running.rate import Rate
from judges.running.retry import Backoff
from judges.running.window import Window
from judges.settings import Limits
from tests.judges.running.scripted import (
    ScriptedProvider,
    answered,
    failed,
    fitting,
    requests,
    shown,
)
from tests.judges.running.virtual import run_virtually

PRICE = Price(input=1.0, output=10.0)


class Scene:
    """One session with a scripted provider in a loop of virtual time."""

    def __init__(
        self,
        provider: ScriptedProvider,
        *,
        limits: Limits | None = None,
        budget: Budget | None = None,
        price: Price | None = PRICE,
    ) -> None:
        self.provider = provider
        self.limits = limits or Limits()
        self.window = Window(self.limits.concurrency)
        rate = Rate(self.limits.requests_per_minute, self.limits.tokens_per_minute)
        self.gate = Gate(rate, self.window, budget)
        self.asking = Asking(
            "fake",
            provider,
            limits=self.limits,
            price=price,
            gate=self.gate,
            backoff=Backoff(base_s=4.0),
        )
        self.ended_at = 0.0

    def ask(self, asked: list[JudgeRequest]) -> list[Asked | None]:
        return run_virtually(self._ask(asked))

    async def _ask(self, asked: list[JudgeRequest]) -> list[Asked | None]:
        room = asyncio.Semaphore(2 * self.limits.concurrency)

        async def one(request: JudgeRequest) -> Asked | None:
            async with room:
                return await self.asking.ask(request)

        found = await asyncio.gather(*map(one, asked))
        self.ended_at = asyncio.get_running_loop().time()
        return found

    def calls(self) -> tuple[Call, ...]:
        """Ask one question and return its calls."""
        [found] = self.ask(requests(1))
        assert found is not None
        return found.calls


def _sequence(*steps: Sent | None) -> ScriptedProvider:
    """Answer call after call by ``steps``; None is a fitting reply."""

    def script(prompt: Prompt, number: int) -> Sent:
        step = steps[min(number, len(steps) - 1)]
        return fitting(prompt) if step is None else step

    return ScriptedProvider(script)


def test_a_fitting_reply_is_one_priced_call() -> None:
    [call] = Scene(_sequence(None)).calls()
    assert call.status == "ok"
    assert call.cost_usd == pytest.approx((100 * 1.0 + 10 * 10.0) / 1e6)


def test_without_a_price_the_cost_is_unknown_and_never_nothing() -> None:
    [call] = Scene(_sequence(None), price=None).calls()
    assert call.cost_usd is None


def test_a_failed_call_is_made_again_and_kept() -> None:
    scene = Scene(_sequence(failed(500), failed(429), None))
    assert [call.status for call in scene.calls()] == ["api_error", "api_error", "ok"]
    assert 0 < scene.ended_at <= 4 + 8


def test_what_cannot_succeed_is_not_made_again() -> None:
    scene = Scene(_sequence(failed(400, retry=False)))
    assert [call.http_status for call in scene.calls()] == [400]
    assert scene.gate.stopped is None


def test_a_reply_that_does_not_fit_gets_one_request_to_repair_it() -> None:
    provider = _sequence(answered("no json"), None)
    calls = Scene(provider).calls()
    assert [call.raw == "no json" for call in calls] == [True, False]
    first, second = provider.prompts
    assert first.mend is None
    assert second.mend is not None
    assert second.mend.reply == "no json"
    assert "holds no JSON object" in second.mend.request
    assert (second.text, second.images, second.schema) == (first.text, first.images, first.schema)


def test_a_reply_is_repaired_once_only() -> None:
    provider = _sequence(answered("no json"))
    assert len(Scene(provider).calls()) == 2


def test_words_outside_the_candidates_are_repaired_too() -> None:
    stray = '{"reasoning":"","interpretable":true,"concrete_words":["zebra"],'
    provider = _sequence(answered(stray + '"abstract_words":[],"global_words":[]}'), None)
    assert len(Scene(provider).calls()) == 2
    mend = provider.prompts[1].mend
    assert mend is not None
    assert "zebra" in mend.request


def test_the_repair_is_retried_like_any_call() -> None:
    provider = _sequence(answered("no json"), failed(500), None)
    calls = Scene(provider).calls()
    assert [call.status for call in calls] == ["ok", "api_error", "ok"]
    assert provider.prompts[2].mend == provider.prompts[1].mend is not None


@pytest.mark.parametrize("status", ["truncated", "refusal"])
def test_truncation_and_refusal_are_neither_repaired_nor_retried(status: str) -> None:
    call = Call.model_validate({"status": status, "raw": '{"reasoning": "', "http_status": 200})
    assert len(Scene(_sequence(Sent(call))).calls()) == 1


def test_patience_ends_retries_and_bounds_the_timeout() -> None:
    limits = Limits(timeout_s=50, patience_s=60)
    provider = _sequence(failed(500))
    scene = Scene(provider, limits=limits)
    calls = scene.calls()
    assert len(calls) >= 3
    assert {call.status for call in calls} == {"api_error"}
    assert scene.ended_at <= 55
    assert provider.timeouts[0] == 50
    assert min(provider.timeouts) >= 5
    assert all(
        timeout <= 60 - at for at, timeout in zip(provider.times, provider.timeouts, strict=True)
    )


def test_no_call_is_made_that_leaves_no_time_for_its_reply() -> None:
    limits = Limits(timeout_s=50, patience_s=60)
    assert len(Scene(_sequence(failed(500, retry_after_s=54), None), limits=limits).calls()) == 2
    assert len(Scene(_sequence(failed(500, retry_after_s=57), None), limits=limits).calls()) == 1


def test_patience_counts_from_the_first_call_not_from_the_queue() -> None:
    limits = Limits(concurrency=1, patience_s=10)
    provider = ScriptedProvider(latency_s=8.0)
    found = Scene(provider, limits=limits).ask(requests(20))
    assert all(asked is not None and asked.calls[-1].status == "ok" for asked in found)


def test_retry_after_pauses_every_question_exactly() -> None:
    def script(prompt: Prompt, number: int) -> Sent:
        return failed(429, retry_after_s=20.0) if number == 0 else fitting(prompt)

    provider = ScriptedProvider(script, latency_s=1.0)
    scene = Scene(provider, limits=Limits(concurrency=2))
    found = scene.ask(requests(6, per_patch=6))
    assert all(asked is not None for asked in found)
    # Two calls are under way when the reply comes after 1 s; nothing is sent until second 21.
    assert provider.times[:2] == [0.0, 0.0]
    assert provider.times[2] == 21.0
    assert len(provider.times) == 7


def test_retry_after_beyond_what_is_left_of_patience_ends_the_question_only() -> None:
    """At second 45 of 60, 20 s more are too many for this question but not for another one."""

    def script(prompt: Prompt, number: int) -> Sent:
        return failed(503, retry_after_s=20.0 + number) if number < 3 else fitting(prompt)

    scene = Scene(ScriptedProvider(script), limits=Limits(concurrency=1, patience_s=60))
    first, second = scene.ask(requests(2))
    assert first is not None and second is not None
    statuses = [call.status for asked in (first, second) for call in asked.calls]
    assert statuses.count("ok") >= 1
    assert scene.gate.stopped is None


def test_retry_after_beyond_all_patience_stops_the_judge() -> None:
    provider = _sequence(failed(429, retry_after_s=3600.0))
    scene = Scene(provider, limits=Limits(concurrency=1, patience_s=900))
    first, second = scene.ask(requests(2, per_patch=2))
    assert first is not None and second is None
    assert len(provider.prompts) == 1
    assert scene.gate.stopped is not None
    assert "asks to wait 3600 s" in scene.gate.stopped.reason
    assert scene.ended_at == 0


def test_a_pause_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "lensbench")

    def script(prompt: Prompt, number: int) -> Sent:
        return failed(429, retry_after_s=30.0) if number < 8 else fitting(prompt)

    Scene(ScriptedProvider(script, latency_s=1.0), limits=Limits(concurrency=8)).ask(requests(8))
    assert caplog.text.count("the provider asks to wait 30 s") == 1


def test_overload_narrows_the_window_and_replies_widen_it() -> None:
    sizes = []

    def script(prompt: Prompt, number: int) -> Sent:
        sizes.append(scene.window.size)
        return failed(429) if number < 16 else fitting(prompt)

    provider = ScriptedProvider(script, latency_s=1.0)
    scene = Scene(provider, limits=Limits(concurrency=16))
    found = scene.ask(requests(60))
    assert all(asked is not None and asked.calls[-1].status == "ok" for asked in found)
    assert (sizes[0], min(sizes)) == (16, 8)
    assert 8 < scene.window.size <= 16
    assert scene.window.under_way == 0


def test_tokens_a_minute_are_those_that_replies_report() -> None:
    """600 calls of 110 tokens at 22 000 a minute take three minutes, whatever they might take."""
    provider = ScriptedProvider()
    scene = Scene(provider, limits=Limits(tokens_per_minute=22_000))
    scene.ask(requests(600, per_patch=600))
    assert 170 <= scene.ended_at <= 210


def test_a_fatal_reply_stops_sending_and_keeps_what_is_under_way() -> None:
    def script(prompt: Prompt, number: int) -> Sent:
        return failed(401, fatal="wrong key") if number == 0 else fitting(prompt)

    provider = ScriptedProvider(script, latency_s=1.0)
    scene = Scene(provider, limits=Limits(concurrency=3))
    found = [asked for asked in scene.ask(requests(10)) if asked is not None]
    assert [asked.calls[-1].status for asked in found] == ["api_error", "ok", "ok"]
    assert len(provider.prompts) == 3
    assert scene.gate.stopped is not None
    assert scene.gate.stopped.reason == "wrong key"


def test_a_stop_ends_waits_for_a_retry_and_keeps_their_calls() -> None:
    async def scene() -> tuple[Asked | None, float]:
        place = Scene(_sequence(failed(500, retry_after_s=500.0)))
        asked = asyncio.create_task(place.asking.ask(requests(1)[0]))
        await asyncio.sleep(10.0)
        place.asking.stop()
        return await asked, asyncio.get_running_loop().time()

    asked, now = run_virtually(scene())
    assert asked is not None
    assert [call.http_status for call in asked.calls] == [500]
    assert now == 10.0


def test_a_stop_leaves_a_reply_unrepaired() -> None:
    provider = ScriptedProvider(lambda prompt, number: answered("no json"), latency_s=5.0)

    async def scene() -> Asked | None:
        place = Scene(provider)
        asked = asyncio.create_task(place.asking.ask(requests(1)[0]))
        await asyncio.sleep(1.0)
        place.asking.stop()
        return await asked

    asked = run_virtually(scene())
    assert asked is not None
    assert [call.raw for call in asked.calls] == ["no json"]


def test_a_provider_that_is_down_for_everyone_stops_the_judge() -> None:
    limits = Limits(concurrency=4, patience_s=30)
    provider = _sequence(failed(500))
    scene = Scene(provider, limits=limits)
    found = [asked for asked in scene.ask(requests(500)) if asked is not None]
    assert 8 <= len(found) < 30
    assert scene.gate.stopped is not None
    assert "questions in a row got no answer in 30 s, the last: HTTP 500" in (
        scene.gate.stopped.reason
    )


def test_a_few_questions_that_fail_for_good_do_not_stop_the_others() -> None:
    def script(prompt: Prompt, number: int) -> Sent:
        return failed(500) if shown(prompt)[-1].endswith("0") else fitting(prompt)

    limits = Limits(concurrency=4, patience_s=30)
    scene = Scene(ScriptedProvider(script, latency_s=0.5), limits=limits)
    found = scene.ask(requests(200))
    statuses = [asked.calls[-1].status for asked in found if asked is not None]
    assert (statuses.count("ok"), statuses.count("api_error")) == (180, 20)
    assert scene.gate.stopped is None


def test_a_call_that_timed_out_is_booked_at_its_worst() -> None:
    def script(prompt: Prompt, number: int) -> Sent:
        lost = Call(status="api_error", error="no reply", latency_s=2.0)
        return Sent(lost, retry=True) if number == 0 else fitting(prompt)

    budget = Budget(1.0)
    Scene(ScriptedProvider(script), limits=Limits(timeout_s=2.0), budget=budget).calls()
    # 1000 tokens of a reply at 10 dollars a million, and the prompt; the reply cost 0.0002.
    assert budget.spent_usd > 0.0102
    assert budget.reserved_usd == 0


def test_a_call_that_was_refused_at_the_door_costs_nothing() -> None:
    budget = Budget(1.0)
    Scene(_sequence(failed(429), failed(500), None), budget=budget).calls()
    assert budget.spent_usd == pytest.approx(0.0002)


def test_an_error_inside_the_provider_is_raised_and_frees_its_ticket() -> None:
    def script(prompt: Prompt, number: int) -> Sent:
        raise ZeroDivisionError

    budget = Budget(1.0)
    scene = Scene(ScriptedProvider(script), budget=budget)
    with pytest.raises(ZeroDivisionError):
        scene.calls()
    assert scene.gate.under_way == 0
    assert budget.reserved_usd == 0
    assert budget.spent_usd > 0
