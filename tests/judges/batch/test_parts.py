from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from judges.api import ApiJudge
from judges.base import JudgeRequest
from judges.batch.base import BatchLimits, item_bytes
from judges.batch.deposits import CostLimitError, Deposits
from judges.batch.openai import _line
from judges.batch.parts import Part, Unaskable, parts, worst_usd
from judges.budget import Budget
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.options import ApiOptions
from judges.running.contents import received_tokens, sent_tokens
from judges.settings import JudgeSettings
from tests.judges.batch.world import CANVAS, CROP, OPENAI_MODEL, png, requests_for

ROOMY = BatchLimits(requests=1000, bytes=10**9)


def _judge() -> ApiJudge:
    live = OpenAIResponses(OPENAI_MODEL, ApiOptions(), None, "http://127.0.0.1:1/v1")
    return ApiJudge("gpt-5", live, JudgeSettings())


JUDGE = _judge()


def _parts(
    requests: list[JudgeRequest], limits: BatchLimits = ROOMY, budget: Budget | None = None
) -> list[Part]:
    found = list(parts(JUDGE, requests, limits, Deposits(budget)))
    assert all(isinstance(part, Part) for part in found)
    return [part for part in found if isinstance(part, Part)]


def _keys(found: list[Part]) -> list[list[str]]:
    return [[key for key, _ in part.items] for part in found]


def test_no_questions_make_no_batch() -> None:
    assert _parts([]) == []


def test_a_part_holds_what_a_live_call_would_send() -> None:
    requests = requests_for(JUDGE, 2)
    (part,) = _parts(requests)
    bodies = [JUDGE.provider.body(JUDGE.prompt(request)) for request in requests]
    assert part.items == tuple(
        (request.key, body) for request, body in zip(requests, bodies, strict=True)
    )


@given(count=st.integers(1, 12), most=st.integers(1, 5), room=st.integers(1, 6))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_parts_keep_both_limits_and_every_question_once(count: int, most: int, room: int) -> None:
    requests = requests_for(JUDGE, count)
    one = item_bytes((requests[0].key, JUDGE.provider.body(JUDGE.prompt(requests[0]))))
    limits = BatchLimits(requests=most, bytes=room * one + room)
    found = _parts(requests, limits)
    assert sum(_keys(found), []) == [request.key for request in requests]
    for part in found:
        assert len(part.items) <= most
        sent = sum(len(_line(key, body)) for key, body in part.items)
        assert sent <= limits.bytes
    full = min(most, room)
    assert len(found) <= -(-count // max(1, full - 1)) if full > 1 else len(found) == count


def test_a_question_larger_than_a_batch_goes_alone() -> None:
    requests = requests_for(JUDGE, 3)
    found = _parts(requests, BatchLimits(requests=10, bytes=10))
    assert [len(part.items) for part in found] == [1, 1, 1]


def test_bytes_are_never_counted_too_low() -> None:
    words = ("žluťoučký \u2028 \U0001f41f", '"quoted"\n')
    (request,) = requests_for(JUDGE, 1)
    body = JUDGE.provider.body(JUDGE.prompt(replace(request, words=words)))
    item = (request.key, body)
    assert item_bytes(item) >= len(_line(*item))
    message = {"custom_id": request.key, "params": body}
    assert item_bytes(item) >= len(json.dumps(message).encode())


def test_the_worst_cost_is_set_aside_at_the_price_of_a_batch() -> None:
    (request,) = requests_for(JUDGE, 1)
    prompt = JUDGE.prompt(request)
    cost = worst_usd(JUDGE, prompt)
    sent, received = sent_tokens(prompt, JUDGE.provider), received_tokens(JUDGE.provider)
    assert cost == pytest.approx((2 * sent * 1.25 + received * 10) / 1e6 / 2)
    budget = Budget(1.0)
    (part,) = _parts([request], budget=budget)
    assert part.worst_usd == cost
    assert budget.reserved_usd == pytest.approx(cost)


def test_what_there_is_no_money_for_is_not_handed_in() -> None:
    requests = requests_for(JUDGE, 5)
    cost = worst_usd(JUDGE, JUDGE.prompt(requests[0]))
    assert cost is not None
    budget = Budget(3.5 * cost)
    found: list[Part | Unaskable] = []
    with pytest.raises(CostLimitError, match=r"--max-cost .* 2 questions are left"):
        for part in parts(JUDGE, requests, ROOMY, Deposits(budget)):
            found.append(part)
    assert [len(part.items) for part in found if isinstance(part, Part)] == [3]
    assert budget.reserved_usd <= budget.limit_usd


def test_without_a_price_there_is_no_money() -> None:
    live = OpenAIResponses("gpt-of-mine", ApiOptions(), None, "http://127.0.0.1:1/v1")
    judge = ApiJudge("mine", live, JudgeSettings())
    requests = requests_for(judge, 1)
    (part,) = parts(judge, requests, ROOMY, Deposits(None))
    assert isinstance(part, Part)
    assert part.worst_usd is None
    with pytest.raises(CostLimitError):
        list(parts(judge, requests, ROOMY, Deposits(Budget(100.0))))


def test_a_picture_that_is_too_large_is_told_and_the_rest_goes_on() -> None:
    requests = requests_for(JUDGE, 3)
    requests[1] = replace(requests[1], render=lambda: (png(2049), CROP))
    odd, whole = sorted(
        parts(JUDGE, requests, ROOMY, Deposits(None)), key=lambda part: isinstance(part, Part)
    )
    assert isinstance(odd, Unaskable)
    assert odd.request is requests[1]
    assert odd.problem.startswith("image 2049x2049 is larger than gpt-5-2025-08-07 accepts")
    assert isinstance(whole, Part)
    assert [key for key, _ in whole.items] == [requests[0].key, requests[2].key]


def test_questions_about_one_patch_in_a_row_are_drawn_once() -> None:
    drawn: list[str] = []

    def render(patch: str) -> tuple[bytes, bytes]:
        drawn.append(patch)
        return CANVAS, CROP

    requests = [
        replace(request, patch_id=patch, render=partial(render, patch))
        for request, patch in zip(requests_for(JUDGE, 5), "aabba", strict=True)
    ]
    _parts(requests)
    assert drawn == ["a", "b", "a"]
