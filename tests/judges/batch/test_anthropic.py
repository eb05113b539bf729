from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest

from harness.core.records import Call
from judges.batch.anthropic import AnthropicBatches
from judges.batch.base import BatchRefusedError, BatchState, BatchUnreachableError, Item
from judges.providers.anthropic_messages import AnthropicMessages
from judges.providers.options import ApiOptions
from tests.judges.batch.world import ANTHROPIC_MODEL, World, requests_for
from tests.judges.fake_provider import Fault, for_words

T = TypeVar("T")


def _items(world: World, count: int, first: int = 0) -> list[Item]:
    judge = world.judge("anthropic")
    requests = requests_for(judge, first + count)[first:]
    return [(request.key, judge.provider.body(judge.prompt(request))) for request in requests]


def _use(world: World, work: Callable[[AnthropicBatches], Awaitable[T]]) -> T:
    async def inside() -> T:
        live = AnthropicMessages(ANTHROPIC_MODEL, ApiOptions(), None, world.server.anthropic_url)
        batches = AnthropicBatches(live)
        try:
            return await work(batches)
        finally:
            await batches.close()

    return asyncio.run(inside())


def _submit(world: World, items: list[Item]) -> str:
    return _use(world, lambda batches: batches.submit(items, "tag"))


def _state(world: World, batch_id: str) -> BatchState:
    return _use(world, lambda batches: batches.state(batch_id))


def _results(world: World, batch_id: str) -> list[tuple[str, Call]]:
    async def drain(batches: AnthropicBatches) -> list[tuple[str, Call]]:
        return [result async for result in batches.results(batch_id)]

    return _use(world, drain)


def _find(
    world: World, items: Sequence[Item], since: float, known: Sequence[str] = ()
) -> str | None:
    keys = [key for key, _ in items]
    return _use(world, lambda batches: batches.find("tag", keys, since, frozenset(known)))


def test_what_is_submitted_field_by_field(world: World) -> None:
    items = _items(world, 3)
    batch_id = _submit(world, items)
    assert world.batches.created == [
        {"requests": [{"custom_id": key, "params": body} for key, body in items]}
    ]
    content = items[0][1]["messages"][0]["content"]
    assert [part["type"] for part in content] == ["image", "text", "image"]
    assert batch_id in world.batches.batches


def test_states_are_told_apart(world: World) -> None:
    world.batches.polls = 2
    items = _items(world, 3)
    world.batches.outcomes = {items[0][0]: "expire"}
    batch_id = _submit(world, items)
    assert _state(world, batch_id) == BatchState("running", total=3)
    assert _state(world, batch_id) == BatchState("ended", done=2, failed=1, total=3)


def test_a_batch_whose_results_are_gone_has_failed(world: World) -> None:
    batch_id = _submit(world, _items(world, 1))
    world.batches.batches[batch_id].archived = True
    state = _state(world, batch_id)
    assert (state.stage, state.error) == ("failed", "its results are no longer kept")


def test_results_are_read_as_live_replies_are(world: World) -> None:
    items = _items(world, 6)
    keys = [key for key, _ in items]
    world.batches.outcomes = {keys[3]: "expire", keys[4]: "cancel"}
    rules = [
        for_words(["word-0-0"], Fault("refusal")),
        for_words(["word-1-0"], Fault("truncated")),
        for_words(["word-2-0"], Fault("image_too_large")),
    ]
    world.server.faults = lambda number, asked: next(
        (fault for rule in rules if (fault := rule(number, asked))), None
    )
    batch_id = _submit(world, items)
    assert _state(world, batch_id).stage == "ended"
    found = _results(world, batch_id)
    assert [key for key, _ in found] == keys[::-1]
    calls = [dict(found)[key] for key in keys]
    assert [call.status for call in calls] == [
        "refusal",
        "truncated",
        "api_error",
        "api_error",
        "api_error",
        "ok",
    ]
    assert "image exceeds 5 MB" in calls[2].error
    assert calls[2].request_id == "req"
    assert calls[3].error == "the batch expired before this question was asked"
    assert calls[4].error == "the batch was cancelled before this question was asked"
    assert calls[5].snapshot == ANTHROPIC_MODEL
    assert calls[5].cached_tokens > 0


def test_a_batch_under_way_is_found_by_time_and_size(world: World) -> None:
    world.batches.polls = 99
    now = world.batches.clock()
    _submit(world, _items(world, 2))
    wanted = _submit(world, _items(world, 3))
    _submit(world, _items(world, 4))
    items = _items(world, 3)
    assert _find(world, items, now) == wanted
    assert _find(world, items, now, known=[wanted]) is None
    assert _find(world, items, now + 3600) is None
    assert _find(world, items, now - 3600) is None


def test_of_two_that_fit_the_nearer_in_time_is_taken(world: World) -> None:
    world.batches.polls = 99
    times = iter([1000.0, 1200.0])
    world.batches.clock = lambda: next(times)
    first = _submit(world, _items(world, 3))
    second = _submit(world, _items(world, 3))
    assert _find(world, _items(world, 3), 1001.0) == first
    assert _find(world, _items(world, 3), 1199.0) == second


def test_an_ended_batch_is_told_by_its_custom_ids(world: World) -> None:
    now = world.batches.clock()
    others, ours = _items(world, 3, first=3), _items(world, 3)
    _submit(world, others)
    wanted = _submit(world, ours)
    _submit(world, others)
    world.batches.finish()
    assert _find(world, ours, now) == wanted
    assert _find(world, _items(world, 3, first=6), now) is None


def test_creation_is_tried_once_when_the_answer_is_lost(world: World) -> None:
    world.batches.lost_replies = {"create"}
    with pytest.raises(BatchUnreachableError, match="anthropic did not take a batch"):
        _submit(world, _items(world, 1))
    assert world.batches.calls["create"] == 1


def test_overload_may_pass_and_a_refusal_will_not(world: World) -> None:
    items = _items(world, 1)
    world.batches.refused["create"] = (529, "Overloaded.")
    with pytest.raises(BatchUnreachableError, match=r"HTTP 529: overloaded_error: Overloaded"):
        _submit(world, items)
    world.batches.refused["create"] = (413, "Too large.")
    with pytest.raises(BatchRefusedError, match=r"anthropic did not take a batch: HTTP 413"):
        _submit(world, items)
    with pytest.raises(BatchRefusedError, match=r"HTTP 404: not_found_error"):
        _state(world, "msgbatch_x")


def test_a_retry_after_of_hours_is_not_slept_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("judges.batch.anthropic.REPLY_TIMEOUT_S", 0.2)
    world.batches.refused["state"] = (429, "Later.")
    world.batches.retry_after = "7200"
    with pytest.raises(BatchUnreachableError, match=r"did not tell the state of batch b within"):
        _state(world, "b")


def test_results_that_are_cut_off_are_asked_for_again_later(world: World) -> None:
    batch_id = _submit(world, _items(world, 3))
    world.batches.finish()
    world.batches.cut_results = True
    with pytest.raises(BatchUnreachableError, match=f"send the results of batch {batch_id}"):
        _results(world, batch_id)
    world.batches.cut_results = False
    assert len(_results(world, batch_id)) == 3
