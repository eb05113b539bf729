"""The engine and the official SDKs against a provider on the loopback interface."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

import pytest

from harness.core.errors import DataError
from harness.core.records import Judgement
from judges.api import ApiJudge
from judges.prices import Price, PriceTable
from judges.providers.anthropic_messages import AnthropicMessages
from judges.providers.base import Provider
from judges.providers.openai_chat import OpenAIChat
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.options import ApiOptions
from judges.running.retry import Backoff
from judges.settings import JudgeSettings, Limits
from tests.judges.fake_provider import (
    KEY,
    Asked,
    FakeProvider,
    Fault,
    at_random,
    for_words,
    in_turn,
)
from tests.judges.fake_provider.faults import Kind
from tests.judges.running.scripted import PICTURES, requests

PRICES = PriceTable(
    date="2026-11",
    source="made up",
    prices={"gpt-5": Price(input=1, output=10), "claude-haiku-4-5": Price(input=1, output=5)},
)
QUICK = Backoff(base_s=0.005, cap_s=0.02)
APIS = ("openai", "anthropic", "compatible")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keys of the fake server, Ctrl-C as in the foreground, and no thread left over."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "COMPATIBLE_API_KEY"):
        monkeypatch.setenv(name, KEY)
    before = set(threading.enumerate())
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)
    assert {thread for thread in threading.enumerate() if thread.name == "judge"} <= before


def _into(replies: Iterator[Judgement], found: list[Judgement]) -> Sequence[Judgement]:
    """Keep what was yielded before an error."""
    for reply in replies:
        found.append(reply)
    return ()


def provider_at(server: FakeProvider, api: str) -> Provider:
    """Return a real provider that speaks to ``server``."""
    match api:
        case "openai":
            return OpenAIResponses("gpt-5", ApiOptions(), None, server.openai_url)
        case "anthropic":
            return AnthropicMessages("claude-haiku-4-5", ApiOptions(), None, server.anthropic_url)
        case _:
            return OpenAIChat(server.openai_url, "tiny", ApiOptions(), None)


def live_judge(server: FakeProvider, api: str, limits: Limits | None = None) -> ApiJudge:
    settings = JudgeSettings(limits=limits or Limits(concurrency=4), prices=PRICES)
    return ApiJudge(api, provider_at(server, api), settings, backoff=QUICK)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("protocol", ["paper", "pooled"])
def test_every_api_answers_end_to_end(api: str, protocol: str) -> None:
    with FakeProvider() as server:
        found = list(live_judge(server, api).judge(requests(12, protocol=protocol)))
        assert [reply.status for reply in found] == ["ok"] * 12
        assert all(len(reply.relations) == 6 and reply.snapshot for reply in found)
        assert all(call.request_id for reply in found for call in reply.calls)
        assert len({relation for reply in found for relation in reply.relations}) > 1
        assert len(server.questions) == 12
        assert {asked.images for asked in server.questions} == {PICTURES}
        costs = [reply.cost_usd for reply in found]
        assert None in costs if api == "compatible" else all(costs)


FAULTS: Mapping[str, tuple[Kind, int | None, str, list[str]]] = {
    "w0": ("rate_limit", 2, "ok", ["api_error", "api_error", "ok"]),
    "w1": ("error_500", 1, "ok", ["api_error", "ok"]),
    "w2": ("drop", 1, "ok", ["api_error", "ok"]),
    "w3": ("malformed", 1, "ok", ["ok", "ok"]),
    "w4": ("foreign_word", 1, "ok", ["ok", "ok"]),
    "w5": ("malformed", None, "parse_error", ["ok", "ok"]),
    "w6": ("foreign_word", None, "schema_error", ["ok", "ok"]),
    "w7": ("truncated", None, "truncated", ["truncated"]),
    "w8": ("refusal", None, "refusal", ["refusal"]),
    "w9": ("image_too_large", None, "api_error", ["api_error"]),
}
"""Word asked about to the fault it meets, how often, the outcome, and the calls on the way."""


@pytest.mark.parametrize("api", APIS)
def test_faults_land_where_they_should(api: str) -> None:
    rules = [
        for_words([word], Fault(kind), times=times) for word, (kind, times, _, _) in FAULTS.items()
    ]

    def first(number: int, asked: Asked) -> Fault | None:
        return next(filter(None, (rule(number, asked) for rule in rules)), None)

    with FakeProvider(faults=first) as server:
        found = list(live_judge(server, api).judge(requests(12)))
    for reply in found:
        word = reply.words[-1]
        _, _, status, calls = FAULTS.get(word, ("", None, "ok", ["ok"]))
        assert (word, reply.status) == (word, status)
        assert (word, [call.status for call in reply.calls]) == (word, calls)
        assert bool(reply.error) == (status != "ok")
        assert KEY not in reply.model_dump_json()
    assert len(found) == 12


@pytest.mark.parametrize("api", APIS)
def test_silence_is_an_api_error_once_patience_ends(api: str) -> None:
    limits = Limits(timeout_s=0.1, patience_s=0.25)
    with FakeProvider(faults=in_turn([Fault("slow")] * 20)) as server:
        [reply] = live_judge(server, api, limits).judge(requests(1))
    assert reply.status == "api_error"
    assert "no whole reply" in reply.error


@pytest.mark.parametrize("api", APIS)
def test_retry_after_is_waited_for_by_everyone(api: str) -> None:
    with FakeProvider(faults=in_turn([Fault("rate_limit", retry_after="1")])) as server:
        found = list(live_judge(server, api, Limits(concurrency=2)).judge(requests(8)))
        times = [seen.at for seen in server.seen]
    assert [reply.status for reply in found] == ["ok"] * 8
    pause = max(later - earlier for earlier, later in zip(times, times[1:], strict=False))
    assert pause > 0.9
    assert sum(at < times[0] + 0.9 for at in times) <= 3


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_wrong_key_stops_with_one_line_that_does_not_show_it(
    api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "sk-wrong-0987654321")
    found: list[Judgement] = []
    with FakeProvider() as server, pytest.raises(DataError) as error:
        _into(live_judge(server, api).judge(requests(30)), found)
    assert "questions are left" in str(error.value)
    assert "\n" not in str(error.value)
    shown_anywhere = str(error.value) + "".join(reply.model_dump_json() for reply in found)
    assert "sk-wrong-0987654321" not in shown_anywhere
    assert {reply.status for reply in found} == {"api_error"}
    assert len(found) <= 4


@pytest.mark.parametrize("api", APIS)
def test_a_bad_day_ends_with_every_question_answered(api: str) -> None:
    faults = {
        Fault("rate_limit"): 0.1,
        Fault("rate_limit", retry_after="0.05"): 0.05,
        Fault("error_500"): 0.1,
        Fault("drop"): 0.1,
        Fault("malformed"): 0.05,
    }
    asked = requests(60, per_patch=5)
    with FakeProvider(faults=at_random(faults, seed=1)) as server:
        found = list(live_judge(server, api).judge(asked))
    assert sorted(reply.key for reply in found) == sorted(request.key for request in asked)
    statuses = [reply.status for reply in found]
    assert statuses.count("ok") >= 55
    assert set(statuses) <= {"ok", "parse_error"}
    assert any(len(reply.calls) > 1 for reply in found)


def test_one_judge_serves_several_lists_with_connections_of_their_own() -> None:
    with FakeProvider() as server:
        judge = live_judge(server, "openai")
        for _ in range(3):
            assert [reply.status for reply in judge.judge(requests(5))] == ["ok"] * 5


def test_ctrl_c_keeps_every_answer_that_was_asked_for() -> None:
    found: list[Judgement] = []
    with FakeProvider(latency_s=0.3) as server:
        judge = live_judge(server, "openai", Limits(concurrency=5))

        def interrupt() -> None:
            while server.most_at_once < 5:
                time.sleep(0.005)
            _thread.interrupt_main()

        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            _into(judge.judge(requests(500)), found)
        assert len(found) == len(server.questions) >= 5
        assert len(found) <= 10
    assert {reply.status for reply in found} == {"ok"}


def test_a_reader_that_gives_up_leaves_no_connection_or_thread() -> None:
    with FakeProvider(latency_s=0.05) as server:
        replies = live_judge(server, "openai").judge(requests(100))
        next(replies)
        replies.close()  # type: ignore[attr-defined]
        assert len(server.seen) <= 12
