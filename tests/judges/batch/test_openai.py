from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from harness.core.records import Call
from judges.base import JudgeRequest
from judges.batch.base import BatchRefusedError, BatchState, BatchUnreachableError, Item
from judges.batch.openai import OpenAIBatches
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.options import ApiOptions
from tests.judges.batch.world import OPENAI_MODEL, World, requests_for
from tests.judges.fake_provider import KEY, Fault, for_words

T = TypeVar("T")
TAG = "0123456789abcdef" * 4


def _items(world: World, requests: list[JudgeRequest]) -> list[Item]:
    judge = world.judge()
    return [(request.key, judge.provider.body(judge.prompt(request))) for request in requests]


def _use(world: World, work: Callable[[OpenAIBatches], Awaitable[T]]) -> T:
    async def inside() -> T:
        live = OpenAIResponses(OPENAI_MODEL, ApiOptions(), None, world.server.openai_url)
        batches = OpenAIBatches(live)
        try:
            return await work(batches)
        finally:
            await batches.close()

    return asyncio.run(inside())


def _submit(world: World, items: list[Item], tag: str = TAG) -> str:
    return _use(world, lambda batches: batches.submit(items, tag))


def _state(world: World, batch_id: str) -> BatchState:
    return _use(world, lambda batches: batches.state(batch_id))


def _results(world: World, batch_id: str) -> list[tuple[str, Call]]:
    async def drain(batches: OpenAIBatches) -> list[tuple[str, Call]]:
        return [result async for result in batches.results(batch_id)]

    return _use(world, drain)


def _find(world: World, tag: str, since: float) -> str | None:
    return _use(world, lambda batches: batches.find(tag, [], since, frozenset()))


def test_what_is_submitted_field_by_field(world: World) -> None:
    items = _items(world, requests_for(world.judge(), 3))
    batch_id = _submit(world, items)
    ((file_id, (name, purpose, content)),) = world.batches.uploads.items()
    assert name == "lensbench-0123456789abcdef.jsonl"
    assert purpose == "batch"
    lines = content.decode("ascii").split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == [
        {"custom_id": key, "method": "POST", "url": "/v1/responses", "body": body}
        for key, body in items
    ]
    assert world.batches.created == [
        {
            "input_file_id": file_id,
            "endpoint": "/v1/responses",
            "completion_window": "24h",
            "metadata": {"lensbench": TAG},
        }
    ]
    assert batch_id in world.batches.batches


def test_states_are_told_apart(world: World) -> None:
    world.batches.polls = 2
    batch_id = _submit(world, _items(world, requests_for(world.judge(), 2)))
    assert _state(world, batch_id) == BatchState("running", total=2, error="")
    assert _state(world, batch_id) == BatchState("ended", done=2, total=2)


@pytest.mark.parametrize("status", ["cancelled", "expired"])
def test_a_broken_off_batch_with_some_results_has_ended(world: World, status: str) -> None:
    requests = requests_for(world.judge(), 2)
    batch_id = _submit(world, _items(world, requests))
    world.batches.batches[batch_id].status = status
    world.batches.outcomes = {requests[1].key: "lose"}
    assert _state(world, batch_id).stage == "ended"
    assert [key for key, _ in _results(world, batch_id)] == [requests[0].key]


def test_a_broken_off_batch_without_any_result_has_failed(world: World) -> None:
    batch_id = _submit(world, _items(world, requests_for(world.judge(), 2)))
    world.batches.batches[batch_id].status = "expired"
    world.batches.usual = "lose"
    state = _state(world, batch_id)
    assert (state.stage, state.error) == ("failed", "expired without any result")


def test_a_batch_that_does_not_validate_has_failed_with_the_reason(world: World) -> None:
    world.batches.fail_next = "token_limit_exceeded: Enqueued token limit reached."
    batch_id = _submit(world, _items(world, requests_for(world.judge(), 1)))
    state = _state(world, batch_id)
    assert state.stage == "failed"
    assert state.error == "token_limit_exceeded: Enqueued token limit reached."


def test_results_are_read_as_live_replies_are(world: World) -> None:
    requests = requests_for(world.judge(), 6)
    broken = {number: requests[number].words[0] for number in range(5)}
    rules = [
        for_words([broken[0]], Fault("refusal")),
        for_words([broken[1]], Fault("truncated")),
        for_words([broken[2]], Fault("image_too_large")),
        for_words([broken[3]], Fault("filtered")),
        for_words([broken[4]], Fault("error_500")),
    ]
    world.server.faults = lambda number, asked: next(
        (fault for rule in rules if (fault := rule(number, asked))), None
    )
    batch_id = _submit(world, _items(world, requests))
    found = _results(world, batch_id)
    # The server lists the last question first, and errors in a file of their own.
    assert [key for key, _ in found] == [requests[number].key for number in (5, 3, 1, 0, 4, 2)]
    calls = [dict(found)[request.key] for request in requests]
    statuses = ["refusal", "truncated", "api_error", "refusal", "api_error", "ok"]
    assert [call.status for call in calls] == statuses
    assert [call.http_status for call in calls] == [200, 200, 400, 200, 500, 200]
    assert all(call.request_id.startswith("req_") for call in calls)
    assert calls[5].snapshot == OPENAI_MODEL
    assert calls[5].input_tokens > 0
    assert calls[5].cached_tokens > 0
    assert "image exceeds 5 MB" in calls[2].error
    assert calls[2].input_tokens == 0


def test_expired_questions_say_so(world: World) -> None:
    requests = requests_for(world.judge(), 2)
    world.batches.outcomes = {requests[1].key: "expire"}
    batch_id = _submit(world, _items(world, requests))
    calls = dict(_results(world, batch_id))
    assert calls[requests[0].key].status == "ok"
    expired = calls[requests[1].key]
    assert (expired.status, expired.http_status) == ("api_error", 0)
    assert expired.error.startswith("batch_expired: ")


def test_other_line_ends_inside_a_reply_break_nothing(world: World) -> None:
    judge = world.judge()
    (request,) = requests_for(judge, 1)
    words = ("one\u2028two", "three\x85four\x0b")
    odd = JudgeRequest("c" * 64, request.patch_id, words, request.protocol, None, request.render)
    world.server.answer = lambda asked, model: ["concrete"] * len(asked)
    batch_id = _submit(world, _items(world, [odd]))
    ((key, call),) = _results(world, batch_id)
    assert key == odd.key
    assert judge.outcome(odd, [call]).relations == ("concrete", "concrete")


def test_a_batch_is_found_by_its_tag_on_any_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("judges.batch.openai._PAGE", 2)
    items = _items(world, requests_for(world.judge(), 1))
    now = world.batches.clock()
    ids = [_submit(world, items, f"{number}" * 64) for number in range(5)]
    assert _find(world, "0" * 64, now) == ids[0]
    assert world.batches.calls["list"] == 3
    assert _find(world, "9" * 64, now) is None


def test_older_batches_are_not_looked_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("judges.batch.openai._PAGE", 1)
    items = _items(world, requests_for(world.judge(), 1))
    for number in range(3):
        _submit(world, items, f"{number}" * 64)
    assert _find(world, "0" * 64, world.batches.clock() + 10_000) is None
    assert world.batches.calls["list"] == 1


def test_creation_is_tried_once_when_the_answer_is_lost(world: World) -> None:
    world.batches.lost_replies = {"create"}
    with pytest.raises(BatchUnreachableError, match="openai did not take a batch"):
        _submit(world, _items(world, requests_for(world.judge(), 1)))
    assert world.batches.calls["create"] == 1
    assert len(world.batches.batches) == 1


def test_overload_may_pass_and_a_refusal_will_not(world: World) -> None:
    items = _items(world, requests_for(world.judge(), 1))
    world.batches.refused["create"] = (503, "Come back later.")
    with pytest.raises(BatchUnreachableError, match=r"HTTP 503: .*Come back later"):
        _submit(world, items)
    world.batches.refused["create"] = (400, "No.")
    with pytest.raises(BatchRefusedError, match="openai did not take a batch: HTTP 400: .*No"):
        _submit(world, items)
    assert not world.batches.batches
    with pytest.raises(BatchRefusedError, match="HTTP 404: .*No batch found with id 'batch_x'"):
        _state(world, "batch_x")


def test_a_refused_key_is_not_in_the_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong-key-wrong-key")
    with pytest.raises(BatchRefusedError) as caught:
        _state(world, "batch_1")
    assert "HTTP 401" in str(caught.value)
    assert "wrong-key" not in str(caught.value)
    assert KEY not in str(caught.value)
