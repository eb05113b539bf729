from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from judges.providers.base import Sent
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.options import ApiOptions
from tests.judges.fake_provider import (
    KEY,
    Asked,
    FakeProvider,
    Fault,
    HttpReply,
    HttpRequest,
    at_random,
    for_words,
)
from tests.judges.fake_provider.faults import Rule
from tests.judges.providers.pictures import question


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def ask(url: str, texts: list[str]) -> list[Sent]:
    """Ask all at once and return the outcomes in order."""

    async def calls() -> list[Sent]:
        provider = OpenAIResponses("gpt-5", ApiOptions(), None, url)
        sent = await asyncio.gather(*(provider.send(question(text), 20) for text in texts))
        await provider.close()
        return sent

    return asyncio.run(calls())


def texts(count: int) -> list[str]:
    return [f'Words: ["word{number}"]' for number in range(count)]


def test_calls_run_side_by_side() -> None:
    with FakeProvider(latency_s=0.3) as fake:
        sent = ask(fake.openai_url, texts(12))
    assert [one.call.status for one in sent] == ["ok"] * 12
    assert fake.most_at_once > 3
    assert Counter(asked.words for asked in fake.questions) == Counter(
        (f"word{number}",) for number in range(12)
    )


def test_more_calls_than_a_minute_allows_are_turned_away() -> None:
    with FakeProvider(requests_per_minute=5) as fake:
        sent = ask(fake.openai_url, texts(8))
    turned_away = [one for one in sent if one.call.http_status == 429]
    assert len(turned_away) == 3
    assert all(one.overload and 0 < (one.retry_after_s or 0) <= 60 for one in turned_away)


def test_the_script_answers_from_words_and_model() -> None:
    def script(words: object, model: str) -> list[str]:
        assert (words, model) == (("word0",), "gpt-5")
        return ["global"]

    with FakeProvider(script) as fake:  # type: ignore[arg-type]
        (sent,) = ask(fake.openai_url, texts(1))
    assert json.loads(sent.call.raw)["verdicts"][0]["relation"] == "global"


def decided(rule: Rule, count: int) -> list[str]:
    asked = Asked("chat", "m", "", ("a",), (), "lists", False, 1)
    return [fault.kind if (fault := rule(n, asked)) else "" for n in range(count)]


def test_random_faults_keep_their_shares_and_their_seed() -> None:
    shares = {Fault("error_500"): 0.2, Fault("drop"): 0.1}
    found = decided(at_random(shares, seed=1), 2000)
    assert found == decided(at_random(shares, seed=1), 2000)
    assert found != decided(at_random(shares, seed=2), 2000)
    counts = Counter(found)
    assert 300 < counts["error_500"] < 500
    assert 130 < counts["drop"] < 270


def test_a_fault_can_hit_one_question_a_few_times() -> None:
    rule = for_words(["word1"], Fault("error_500"), times=1)
    with FakeProvider(faults=rule) as fake:
        assert [one.retry for one in ask(fake.openai_url, texts(3))] == [False, True, False]
        assert [one.retry for one in ask(fake.openai_url, texts(3))] == [False] * 3


def test_other_paths_can_be_mounted_and_are_guarded_by_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def files(fake: FakeProvider, request: HttpRequest) -> HttpReply:
        status, payload, asked, fault = fake.answer_body("responses", {"model": "gpt-5"}, 0)
        assert (status, asked, fault) == (400, None, None)
        return HttpReply(200, {"id": request.path, "object": "file", "refused": payload})

    async def fetch(url: str) -> str:
        from openai import AsyncOpenAI

        async with AsyncOpenAI(base_url=url, max_retries=0) as client:
            return (await client.files.retrieve("abc")).id

    with FakeProvider() as fake:
        fake.mount("/v1/files", files)
        assert asyncio.run(fetch(fake.openai_url)) == "/v1/files/abc"
        monkeypatch.setenv("OPENAI_API_KEY", "sk-other-0123456789")
        from openai import AuthenticationError

        with pytest.raises(AuthenticationError):
            asyncio.run(fetch(fake.openai_url))
    assert [seen.status for seen in fake.seen] == [200, 401]


def test_in_a_process_of_its_own_it_logs_every_answered_request(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    options = ["--log", str(log), "--fault", "drop=1@5", "--seed", "3"]
    for extra, answered in ((options[:2], 6), (options, 0)):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.judges.fake_provider", *extra],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            sent = ask(f"http://127.0.0.1:{port}/v1", texts(6))
        finally:
            process.kill()
            process.communicate()
        assert sum(one.call.status == "ok" for one in sent) == answered
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert sorted(line["words"][0] for line in lines) == [f"word{n}" for n in range(6)]
        assert {line["status"] for line in lines} == {200}
        assert len({line["question"] for line in lines}) == 6
        assert KEY not in log.read_text()


def test_a_taken_port_is_an_error() -> None:
    with (
        FakeProvider() as fake,
        pytest.raises(OSError, match="in use"),
        FakeProvider(port=fake.port),
    ):
        pass
