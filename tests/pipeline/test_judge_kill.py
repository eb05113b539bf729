"""500 questions, 20 kills: every question answered exactly once, nothing lost, nothing repeated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.core.config import JudgingOptions
from harness.core.journal import read_records
from harness.core.records import Judgement
from harness.pipeline.judging import judgings
from harness.pipeline.rejudge import add_judges, opened
from harness.pipeline.run_judges import JudgeSetup
from tests.judges.fake_provider.server import KEY
from tests.pipeline.judge_killer import Killer
from tests.pipeline.runs import execute, small_options

ROOT = Path(__file__).parents[2]
GPT = "gpt-5-2025-08-07"
KILLS = 20


@pytest.fixture(scope="module")
def described(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run with more than 500 questions, judged by nobody."""
    runs = tmp_path_factory.mktemp("kill")
    return execute(
        small_options(small_corpus, runs, judge="none", layers="all", limit=2, patches=5)
    )


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Return port and log of a provider in a process of its own, which fails now and then."""
    log = tmp_path_factory.mktemp("provider") / "answered.jsonl"
    faults = ("rate_limit=0.01@0.05", "error_500=0.02", "malformed=0.02", "drop=0.01")
    command = [sys.executable, "-m", "tests.judges.fake_provider", "--latency", "0.03"]
    command += ["--log", str(log), *[f"--fault={fault}" for fault in faults]]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), log
        process.terminate()


def test_twenty_kills_lose_and_repeat_nothing(
    described: Path, provider: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, log = provider
    options = JudgingOptions(concurrency=8, timeout=10, patience=60)
    environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with opened(described, options) as context:
        add_judges(context, [JudgeSetup(judge=GPT, protocol="paper")], None)
        asked = set(judgings(context)[0].asked)
    assert len(asked) >= 500
    killer = Killer(described, options, environment, log)
    step = len(asked) // (KILLS + 5)
    deaths = list(killer.attempts(KILLS, (1, 2 * step - 1), seed=7))
    assert len(set(deaths)) == KILLS

    # A question may fail in earnest, by two replies in a row that cannot be read: asked again.
    answered: Counter[str] = Counter()
    for _ in range(5):
        killer.finish()
        rows = list(read_records(described / "judgements.jsonl", Judgement))
        answered = Counter(row.key for row in rows if row.status == "ok")
        if answered.keys() == asked:
            break
    assert answered.keys() == asked
    assert set(answered.values()) == {1}

    # The provider's record: a question whose answer was written down is not asked again.
    numbers = {f"req_{call['number']}": call for call in killer.calls()}
    by_question: dict[object, list[int]] = defaultdict(list)
    for call in killer.calls():
        number = call["number"]
        assert isinstance(number, int)
        by_question[call["question"]].append(number)
    for row in rows:
        recorded = [numbers[call.request_id] for call in row.calls if call.request_id in numbers]
        assert recorded, row
        last = recorded[-1]["number"]
        assert isinstance(last, int)
        if row.status == "ok":
            assert max(by_question[recorded[-1]["question"]]) == last
    # What was answered and not written down was in hand when a process died.
    written = {call.request_id for row in rows for call in row.calls}
    lost = [name for name, call in numbers.items() if name not in written]
    assert len(lost) <= KILLS * 2 * options.concurrency


def test_ctrl_c_keeps_what_is_under_way(described: Path, provider: tuple[int, Path]) -> None:
    """Exit code 130, one line; every call the provider answered is written down."""
    port, log = provider
    before = len(log.read_text().splitlines()) if log.exists() else 0
    command = [sys.executable, "-m", "tests.pipeline.interrupted", str(described)]
    environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"}
    done = subprocess.run(
        [*command, str(log), str(before + 20)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert "the same command continues" in done.stderr.splitlines()[-1]
    answered = [json.loads(line) for line in log.read_text().splitlines()][before:]
    rows = list(read_records(described / "judgements.jsonl", Judgement))
    written = {call.request_id for row in rows for call in row.calls}
    assert len(answered) >= 20
    assert {f"req_{call['number']}" for call in answered} <= written
