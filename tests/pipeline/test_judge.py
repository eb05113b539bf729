"""Judges that fail, lose questions or break off: counted, kept, asked again, never scored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from harness.core.errors import DataError
from harness.core.records import Judgement, Score
from harness.core.tables import read_table
from harness.pipeline import judging
from judges.base import Judge, JudgeRequest
from judges.ground_truth import GroundTruthJudge
from tests.pipeline.runs import execute, result_bytes, small_options
from tests.pipeline.test_run import with_library

Use = Callable[[Judge], None]


class Unreliable(GroundTruthJudge):
    """The ground-truth judge, which refuses every third question and loses every fifth."""

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield what is neither lost nor refused as it is."""
        for number, reply in enumerate(super().judge(requests)):
            if number % 5 == 4:
                continue
            if number % 3 == 2:
                yield reply.model_copy(update={"status": "api_error", "relations": ()})
            else:
                yield reply


class Loses(GroundTruthJudge):
    """The ground-truth judge, which never replies to the first question of a batch."""

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield all answers but one."""
        yield from list(super().judge(requests))[1:]


class BreaksOff(GroundTruthJudge):
    """The ground-truth judge, which answers seven questions and is interrupted."""

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield seven answers."""
        yield from list(super().judge(requests))[:7]
        raise KeyboardInterrupt


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Return a function that puts another judge in the place of the run's."""

    def put(judge: Judge) -> None:
        monkeypatch.setattr(judging, "make_judge", lambda name, settings: judge)

    return put


def copied(finished: Path, tmp_path: Path) -> Path:
    """Return the folder of a copy of the finished run without its judgements."""
    runs = with_library(finished, tmp_path / "runs")
    shutil.copytree(finished, runs / finished.name)
    for name in ("judgements.jsonl", "done/judge.json"):
        (runs / finished.name / name).unlink()
    return runs


def test_failed_and_lost_questions_are_unscored_and_asked_again(
    finished: Path, small_corpus: Path, tmp_path: Path, use: Use
) -> None:
    """Neither hits nor misses; the next run asks exactly them, and ends as if nothing had been."""
    options = small_options(small_corpus, copied(finished, tmp_path))
    use(Unreliable())
    run = execute(options)
    means = [
        score
        for score in read_table(run / "scores.parquet", Score)
        if score.layer is None and score.definition == "interpretable"
    ]
    assert all(score.n + sum(score.unscored.values()) == score.total for score in means)
    assert {"api_error", "missing"} == {status for score in means for status in score.unscored}
    assert not (run / "done" / "judge.json").exists()
    assert "unscored" in (run / "report.html").read_text()
    lines = [json.loads(line) for line in (run / "judgements.jsonl").read_text().splitlines()]
    answered = {row["key"] for row in lines if row["status"] == "ok"}
    use(GroundTruthJudge())
    execute(options)
    added = (run / "judgements.jsonl").read_text().splitlines()[len(lines) :]
    assert not answered & {json.loads(line)["key"] for line in added}
    assert (run / "done" / "judge.json").exists()
    assert result_bytes(run) == result_bytes(finished)


def test_a_question_without_any_reply_keeps_the_stage_open(
    finished: Path, small_corpus: Path, tmp_path: Path, use: Use
) -> None:
    """Silence is a failure like any other."""
    options = small_options(small_corpus, copied(finished, tmp_path))
    use(Loses())
    run = execute(options)
    assert not (run / "done" / "judge.json").exists()
    use(GroundTruthJudge())
    assert result_bytes(execute(options)) == result_bytes(finished)


class Strays(GroundTruthJudge):
    """The ground-truth judge, which answers three questions and then one that nobody asked."""

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield three answers and a stray one."""
        replies = list(super().judge(requests))
        yield from replies[:3]
        yield replies[3].model_copy(update={"key": "stray"})


def test_a_reply_to_another_question_stops_the_judge(
    finished: Path, small_corpus: Path, tmp_path: Path, use: Use
) -> None:
    """One line; what was answered before is kept."""
    options = small_options(small_corpus, copied(finished, tmp_path))
    use(Strays())
    with pytest.raises(DataError, match="a question it was not asked"):
        execute(options)
    journal = Path(options.runs_dir) / finished.name / "judgements.jsonl"
    assert len(journal.read_text().splitlines()) == 3


def test_answers_before_an_interruption_are_kept(
    finished: Path, small_corpus: Path, tmp_path: Path, use: Use
) -> None:
    """What a judge has answered is in the journal, whatever ends the run."""
    options = small_options(small_corpus, copied(finished, tmp_path))
    use(BreaksOff())
    with pytest.raises(KeyboardInterrupt):
        execute(options)
    journal = Path(options.runs_dir) / finished.name / "judgements.jsonl"
    assert len(journal.read_text().splitlines()) == 7
    use(GroundTruthJudge())
    assert result_bytes(execute(options)) == result_bytes(finished)
