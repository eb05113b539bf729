from __future__ import annotations

import _thread
import logging
import threading

import pytest

from harness.core.errors import DataError
from judges.prices import call_cost
from tests.judges.batch.world import World, requests_for, words_asked, words_of
from tests.judges.fake_provider import Fault, always, never

KINDS = pytest.mark.parametrize("kind", ["openai", "anthropic"])


@KINDS
def test_replies_are_judged_and_priced_as_of_a_batch(world: World, kind: str) -> None:
    judge = world.judge(kind)
    (request,) = requests_for(judge, 1)
    world.server.answer = lambda words, model: ["global", "none"]
    (found,) = world.advance(judge, [request], wait=True)
    assert found.relations == ("global", "none")
    (call,) = found.calls
    price = judge.settings.prices.find(judge.provider.model)
    live = call_cost(price, call)
    assert live is not None
    assert found.cost_usd == pytest.approx(live / 2)
    assert found.input_tokens > 0


def test_failed_questions_are_yielded_and_asked_again_by_the_next_command(world: World) -> None:
    judge = world.judge()
    requests = requests_for(judge, 4)
    world.batches.outcomes = {requests[1].key: "expire", requests[2].key: "lose"}
    found = {row.key: row for row in world.advance(judge, requests, wait=True)}
    statuses = [found[request.key].status for request in requests]
    assert statuses == ["ok", "api_error", "api_error", "ok"]
    assert found[requests[1].key].error.startswith("batch_expired")
    assert found[requests[2].key].error == "the batch ended without a result for this"
    assert found[requests[1].key].cost_usd == 0.0
    world.batches.outcomes.clear()
    rest = [request for request in requests if found[request.key].status != "ok"]
    assert words_of(list(world.advance(judge, rest, wait=True))) == words_asked(rest)
    assert sorted(world.batches.paid.values()) == [1, 1, 2, 2]


@KINDS
def test_a_reply_that_does_not_fit_is_no_answer(world: World, kind: str) -> None:
    judge = world.judge(kind)
    (request,) = requests_for(judge, 1)
    world.server.faults = always(Fault("malformed"))
    (first,) = world.advance(judge, [request], wait=True)
    assert first.status == "parse_error"
    assert first.cost_usd
    world.server.faults = never
    (second,) = world.advance(judge, [request], wait=True)
    assert second.status == "ok"


def test_a_whole_failure_is_told_and_its_questions_are_free(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    judge = world.judge()
    requests = requests_for(judge, 2)
    world.batches.fail_next = "token_limit_exceeded: Enqueued token limit reached."
    assert list(world.advance(judge, requests, wait=True)) == []
    assert "failed as a whole: token_limit_exceeded: Enqueued token limit" in caplog.text
    assert len(world.batches.batches) == 1
    assert words_of(list(world.advance(judge, requests, wait=True))) == words_asked(requests)
    assert set(world.batches.paid.values()) == {1}


def test_replies_to_other_questions_are_counted_not_lost(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    judge = world.judge()
    requests = requests_for(judge, 4)
    assert list(world.advance(judge, requests)) == []
    found = list(world.advance(judge, requests[1:3]))
    assert {row.key for row in found} == {request.key for request in requests[1:3]}
    assert "2 replies belong to no open question" in caplog.text
    # They are fetched again for free once they are asked about.
    found = list(world.advance(judge, requests))
    assert {row.key for row in found} == {request.key for request in requests}
    assert len(world.batches.batches) == 1


@KINDS
def test_answers_lost_after_they_were_collected_are_fetched_again(world: World, kind: str) -> None:
    judge = world.judge(kind)
    requests = requests_for(judge, 3)
    first = list(world.advance(judge, requests, wait=True))
    second = list(world.advance(judge, requests, wait=True))
    assert words_of(second) == words_of(first)
    assert set(world.batches.paid.values()) == {1}


def test_a_consumer_that_breaks_off_gets_the_batch_again(world: World) -> None:
    judge = world.judge()
    requests = requests_for(judge, 3)
    assert list(world.advance(judge, requests)) == []
    flow = world.advance(judge, requests)
    first = next(flow)
    flow.close()
    assert world.ledger().batches(judge.name, judge.version)[0].event == "submitted"
    rest = [request for request in requests if request.key != first.key]
    assert {row.key for row in world.advance(judge, rest)} == {row.key for row in rest}
    assert set(world.batches.paid.values()) == {1}


def test_a_batch_of_others_that_was_taken_for_ours_is_given_up(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    judge = world.judge("anthropic")
    strangers, requests = requests_for(judge, 6)[3:], requests_for(judge, 3)
    other = world.folder / "other"
    elsewhere = World(world.server, world.batches, other)
    assert list(elsewhere.advance(judge, strangers)) == []
    world.ledger().intend(judge.name, judge.version, [row.key for row in requests], 0.1)
    found = list(world.advance(judge, requests, wait=True))
    assert "its results belong to other questions" in caplog.text
    assert words_of(found) == words_asked(requests)


def test_an_unknown_batch_says_what_to_do(world: World) -> None:
    judge = world.judge()
    requests = requests_for(judge, 1)
    assert list(world.advance(judge, requests)) == []
    world.batches.batches.clear()
    with pytest.raises(DataError, match=r"No batch found .* is lost for good, remove .*batches"):
        list(world.advance(judge, requests))


@pytest.mark.parametrize("route", ["state", "results"])
def test_waiting_outlasts_a_provider_that_is_down(
    world: World, route: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("judges.batch.openai.TRIES_AGAIN", 0)
    judge = world.judge()
    requests = requests_for(judge, 2)
    world.batches.refused[route] = (503, "Down.")
    world.batches.refuse_first = 3
    found = list(world.advance(judge, requests, wait=True))
    assert words_of(found) == words_asked(requests)
    assert world.batches.calls[route] >= 4
    assert caplog.text.count("HTTP 503: invalid_request_error: Down.; trying again") == 1


def test_without_waiting_a_provider_that_is_down_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("judges.batch.openai.TRIES_AGAIN", 0)
    judge = world.judge()
    requests = requests_for(judge, 2)
    assert list(world.advance(judge, requests)) == []
    world.batches.refused["state"] = (503, "Down.")
    with pytest.raises(DataError, match="did not tell the state of batch"):
        list(world.advance(judge, requests))


def test_ctrl_c_while_waiting_leaves_the_batches_at_the_provider(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    judge = world.judge()
    requests = requests_for(judge, 2)
    world.batches.polls = 10**6
    timer = threading.Timer(0.5, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        list(world.advance(judge, requests, wait=True))
    timer.join()
    assert "the same command collects the answers" in caplog.text
    world.batches.finish()
    assert len(list(world.advance(judge, requests))) == 2
    assert set(world.batches.paid.values()) == {1}
