from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from harness.core.errors import DataError, UsageError
from harness.core.records import Judgement
from judges.api import ApiJudge
from judges.base import JudgeRequest
from judges.batch.parts import worst_usd
from judges.budget import Budget
from judges.providers.registry import make_provider
from judges.settings import JudgeSettings
from tests.judges.batch.world import CROP, World, png, requests_for, words_asked, words_of

KINDS = pytest.mark.parametrize("kind", ["openai", "anthropic"])


def test_a_batch_that_failed_meanwhile_is_handed_in_anew_at_once(world: World) -> None:
    judge = world.judge()
    requests = requests_for(judge, 2)
    world.batches.fail_next = "no reason"
    assert list(world.advance(judge, requests)) == []
    assert list(world.advance(judge, requests)) == []
    assert len(world.batches.batches) == 2
    assert len(list(world.advance(judge, requests))) == 2


@KINDS
def test_a_batch_whose_id_was_never_received_is_adopted(
    world: World, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    judge = world.judge(kind)
    requests = requests_for(judge, 3)
    world.batches.lost_replies = {"create"}
    with pytest.raises(DataError, match="the same command finds out whether it was received"):
        list(world.advance(judge, requests))
    world.batches.lost_replies = set()
    found = list(world.advance(judge, requests, wait=True))
    assert words_of(found) == words_asked(requests)
    assert set(world.batches.paid.values()) == {1}
    assert "found again at the provider" in caplog.text


@KINDS
def test_a_batch_that_was_never_received_is_handed_in_again(
    world: World, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("judges.batch.submission.SETTLE_S", 0.05)
    now = world.batches.clock()
    judge = world.judge(kind)
    requests = requests_for(judge, 3)
    world.batches.refused["create"] = (500, "Sorry.")
    with pytest.raises(DataError, match="HTTP 500"):
        list(world.advance(judge, requests, clock=lambda: now))
    assert not world.batches.batches
    world.batches.refused.clear()
    found = list(world.advance(judge, requests, wait=True, clock=lambda: now))
    assert words_of(found) == words_asked(requests)
    assert set(world.batches.paid.values()) == {1}
    # Looked for twice: at once, and when the provider had had the time to list it.
    assert world.batches.calls["list"] == 2


def test_an_old_intent_is_looked_for_once(world: World) -> None:
    judge = world.judge()
    requests = requests_for(judge, 1)
    world.ledger(lambda: world.batches.clock() - 100).intend(
        judge.name, judge.version, [requests[0].key], 0.1
    )
    assert len(list(world.advance(judge, requests, wait=True))) == 1
    assert world.batches.calls["list"] == 1


def test_a_refusal_stops_handing_in_after_the_rest_was_collected(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = world.judge()
    requests = requests_for(judge, 5)
    assert list(world.advance(judge, requests[:2])) == []
    world.batches.refused["create"] = (403, "Not allowed.")
    found: list[Judgement] = []
    with pytest.raises(DataError, match="openai did not take a batch: HTTP 403"):
        for row in world.advance(judge, requests, wait=True):
            found.append(row)
    assert {row.key for row in found} == {request.key for request in requests[:2]}
    world.batches.refused.clear()
    rest = requests[2:]
    assert words_of(list(world.advance(judge, rest, wait=True))) == words_asked(rest)
    assert world.batches.calls["list"] == 0


class TestMoney:
    def test_what_is_not_affordable_is_left_and_told(self, world: World) -> None:
        judge = world.judge()
        requests = requests_for(judge, 5)
        cost = _worst(judge, requests[0])
        budget = Budget(2.5 * cost)
        found: list[Judgement] = []
        with pytest.raises(DataError, match=r"--max-cost .* would be exceeded.* 3 questions"):
            for row in world.advance(judge, requests, wait=True, budget=budget):
                found.append(row)
        assert len(found) == 2
        assert budget.reserved_usd == 0.0
        assert budget.spent_usd == pytest.approx(sum(row.cost_usd or 0.0 for row in found))

    def test_batches_of_earlier_commands_count(self, world: World) -> None:
        world.batches.polls = 10**6
        judge = world.judge()
        requests = requests_for(judge, 4)
        cost = _worst(judge, requests[0])
        assert list(world.advance(judge, requests[:3])) == []
        with pytest.raises(DataError, match=r"would be exceeded.* 1 questions are left"):
            list(world.advance(judge, requests, budget=Budget(3.5 * cost)))
        assert len(world.batches.batches) == 1
        assert list(world.advance(judge, requests, budget=Budget(4.1 * cost))) == []
        assert len(world.batches.batches) == 2

    def test_a_refused_batch_gives_its_money_back(self, world: World) -> None:
        judge = world.judge()
        budget = Budget(1.0)
        world.batches.refused["create"] = (400, "No.")
        with pytest.raises(DataError):
            list(world.advance(judge, requests_for(judge, 2), budget=budget))
        assert (budget.reserved_usd, budget.spent_usd) == (0.0, 0.0)

    def test_a_limit_without_a_price_is_refused(self, world: World) -> None:
        live = make_provider("openai", "gpt-6-luna", None)
        settings = JudgeSettings()
        settings = replace(settings, prices=settings.prices.model_copy(update={"prices": {}}))
        judge = ApiJudge("luna", live, settings)
        with pytest.raises(UsageError, match="no price for model 'gpt-6-luna'"):
            list(world.advance(judge, requests_for(judge, 1), budget=Budget(1.0)))


def test_a_picture_that_is_too_large_is_an_answer_of_its_own(world: World) -> None:
    judge = world.judge()
    requests = requests_for(judge, 2)
    requests[0] = replace(requests[0], render=lambda: (png(2049), CROP))
    found = {row.key: row for row in world.advance(judge, requests, wait=True)}
    assert found[requests[0].key].status == "api_error"
    assert "2049x2049" in found[requests[0].key].error
    assert found[requests[1].key].status == "ok"
    assert requests[0].key not in world.batches.paid


def _worst(judge: ApiJudge, request: JudgeRequest) -> float:
    cost = worst_usd(judge, judge.prompt(request))
    assert cost is not None
    return cost
