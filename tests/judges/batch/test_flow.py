from __future__ import annotations

import logging

import pytest

from harness.core.errors import UsageError
from judges.api import ApiJudge
from judges.batch.base import BatchLimits
from judges.batch.flow import advance
from judges.providers.registry import make_provider
from judges.settings import JudgeSettings
from tests.judges.batch.world import World, requests_for, words_asked, words_of
from tests.judges.fake_provider import KEY

KINDS = pytest.mark.parametrize("kind", ["openai", "anthropic"])


@KINDS
def test_submitted_by_one_command_and_collected_by_another(
    world: World, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    judge = world.judge(kind)
    requests = requests_for(judge, 4)
    world.batches.polls = 2
    assert list(world.advance(judge, requests)) == []
    ((batch_id, batch),) = world.batches.batches.items()
    assert f"batch {batch_id}: 4 questions under way since 20" in caplog.text
    assert "the same command collects the answers" in caplog.text
    assert list(world.advance(world.judge(kind), requests)) == []
    found = list(world.advance(world.judge(kind), requests))
    assert words_of(found) == words_asked(requests)
    assert {judgement.status for judgement in found} == {"ok"}
    assert {judgement.batch for judgement in found} == {batch_id}
    assert {judgement.judge_version for judgement in found} == {judge.version}
    assert set(world.batches.paid.values()) == {1}
    assert f"batch {batch_id}: collected: 4 of 4 questions answered" in caplog.text
    assert KEY not in world.ledger().path.read_text() + caplog.text
    assert list(world.advance(judge, [])) == []
    assert len(world.batches.batches) == 1


@KINDS
def test_waiting_polls_until_all_batches_have_ended(
    world: World, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    _small_batches(monkeypatch, 2)
    world.batches.polls = 3
    judge = world.judge(kind)
    requests = requests_for(judge, 5)
    found = list(world.advance(judge, requests, wait=True))
    assert words_of(found) == words_asked(requests)
    assert [len(batch.items) for batch in world.batches.batches.values()] == [2, 2, 1]
    assert caplog.text.count("running, 0 of 2 answered") == 2
    assert caplog.text.count("ended, 2 of 2 answered") == 2


def test_a_failed_question_waits_for_the_next_command(world: World) -> None:
    judge = world.judge()
    requests = requests_for(judge, 2)
    assert list(world.advance(judge, requests)) == []
    world.batches.usual = "expire"
    assert {row.status for row in world.advance(judge, requests)} == {"api_error"}
    assert len(world.batches.batches) == 1


@KINDS
def test_two_judges_share_a_ledger(world: World, kind: str) -> None:
    one, two = world.judge(kind, "one"), world.judge(kind, "two")
    first, second = requests_for(one, 2), requests_for(two, 3)
    assert list(world.advance(one, first)) == []
    assert list(world.advance(two, second)) == []
    found = list(world.advance(one, first))
    assert {row.judge for row in found} == {"one"}
    assert {row.key for row in found} == {request.key for request in first}
    found = list(world.advance(two, second))
    assert {row.key for row in found} == {request.key for request in second}


def test_no_key_is_told_before_anything_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    judge = world.judge()
    with pytest.raises(UsageError, match="--judge gpt-5: no API key: set OPENAI_API_KEY"):
        list(world.advance(judge, requests_for(judge, 1)))
    assert not world.ledger().path.exists()


def test_a_judge_without_batches_is_a_usage_error(world: World) -> None:
    live = make_provider("compatible", f"{world.server.openai_url}/tiny", None)
    judge = ApiJudge("mine", live, JudgeSettings())
    flow = advance(judge, [], world.ledger(), wait=False, poll_s=1.0, budget=None)
    with pytest.raises(UsageError, match="--batch: compatible has no batch interface"):
        list(flow)


def _small_batches(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    limits = BatchLimits(requests=most, bytes=10**8)
    monkeypatch.setattr("judges.batch.openai.OpenAIBatches.limits", limits)
    monkeypatch.setattr("judges.batch.anthropic.AnthropicBatches.limits", limits)
