"""Protocols, checks, panels and further judges on one run, with a judge whose answers are known."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from harness.core.config import JudgingOptions
from harness.core.errors import DataError, MismatchError, UsageError
from harness.core.records import Judgement, RunSpec, Score
from harness.core.rundir import RunDir
from harness.core.tables import read_table
from harness.pipeline.dry_run import dry_run_of
from harness.pipeline.engine import run_stage
from harness.pipeline.judging import judgings, pictures
from harness.pipeline.rejudge import (
    add_judges,
    judge_again,
    judge_share,
    opened,
    own_setup,
    parse_worker,
    remove_judges,
)
from harness.pipeline.run_judges import JudgeSetup
from harness.pipeline.spec import resolve_spec
from tests.pipeline.runs import execute, small_options
from tests.pipeline.test_run import with_library

GROUND_TRUTH = "ground-truth"


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of the finished run, to be changed."""
    runs = with_library(finished, tmp_path / "runs")
    return Path(shutil.copytree(finished, runs / finished.name))


def judged(run: Path, *setups: JudgeSetup, panel: str | None = None) -> list[Judgement]:
    """Add judges, ask them and return all judgements of the run."""
    with opened(run, JudgingOptions()) as context:
        add_judges(context, setups, panel)
        judge_again(context)
        return list(context.judgements())


def rows(run: Path, judge: str) -> list[Score]:
    """Return the scores of one judge, as if they were the ground truth's."""
    scores = read_table(run / "scores.parquet", Score)
    return [
        score.model_copy(update={"judge": GROUND_TRUTH}) for score in scores if score.judge == judge
    ]


@pytest.mark.parametrize("protocol", ["pooled", "probe-control", "sentence", "paper-strict"])
def test_every_protocol_gives_the_rates_of_judging_each_cell_alone(
    run: Path, protocol: str
) -> None:
    """The rules judge word by word, so only a fault in the joining could make a difference."""
    judged(run, JudgeSetup(judge=GROUND_TRUTH, protocol=protocol))
    alone, other = rows(run, GROUND_TRUTH), rows(run, f"{GROUND_TRUTH} ({protocol})")
    assert len(alone) == len(other) > 0
    assert any(0 < score.hits < score.n for score in alone)
    assert other == alone


def test_pooling_asks_a_sixth_or_less(small_corpus: Path, tmp_path: Path) -> None:
    """All lenses and controls at all layers: one pool of words per patch serves every cell."""
    options = small_options(
        small_corpus, tmp_path / "runs", layers="all", limit=2, patches=3, protocol="pooled"
    )
    path = execute(options)
    with opened(path, JudgingOptions()) as context:
        (pooled,) = judgings(context)
        add_judges(context, [JudgeSetup(judge=GROUND_TRUTH, protocol="paper")], None)
        alone = judgings(context)[1]
        assert len(pooled.asked) * 6 <= len(alone.asked)
        assert len(list(context.judgements())) == len(pooled.asked)
        said = {word for _, words in alone.questions for word in words if word.strip()}
        assert {word for asked in pooled.asked.values() for word in asked.words} == said


def test_checks_are_asked_beside_the_questions_and_do_not_change_the_board(run: Path) -> None:
    before = rows(run, GROUND_TRUTH)
    found = judged(run, own_setup(spec_of(run), GROUND_TRUTH, repeat=20.0, reorder=10.0))
    questions = [row for row in found if not row.check]
    counts = {check: sum(row.check == check for row in found) for check in ("repeat", "reorder")}
    assert counts["repeat"] == round(0.2 * len(questions))
    assert 0 < counts["reorder"] <= round(0.1 * len(questions))
    assert rows(run, GROUND_TRUTH) == before
    assert "words in another order" in (run / "report.html").read_text().lower()


def test_judging_again_asks_nothing_that_is_answered(run: Path) -> None:
    setup = JudgeSetup(judge=GROUND_TRUTH, protocol="pooled")
    first = judged(run, setup)
    files = {name: (run / name).read_bytes() for name in ("report.html", "scores.parquet")}
    assert judged(run, setup) == first
    assert judged(run) == first
    assert {name: (run / name).read_bytes() for name in files} == files


def test_the_report_is_rebuilt_from_the_journal_alone(run: Path) -> None:
    """Byte for byte, after everything that is derived from the judgements was removed."""
    judged(run, JudgeSetup(judge=GROUND_TRUTH, protocol="pooled"), panel="majority")
    names = ("scores.parquet", "leaderboard.csv", "report.json", "report.html")
    before = {name: (run / name).read_bytes() for name in names}
    for name in (*names, "done/judge.json", "done/score.json", "done/report.json"):
        (run / name).unlink()
    judged(run)
    assert {name: (run / name).read_bytes() for name in names} == before


def test_the_run_command_keeps_judges_that_were_added(
    run: Path, finished: Path, small_corpus: Path
) -> None:
    judged(run, JudgeSetup(judge=GROUND_TRUTH, protocol="pooled"), panel="majority")
    before = (run / "leaderboard.csv").read_bytes()
    assert execute(small_options(small_corpus, run.parent)) == run
    assert (run / "leaderboard.csv").read_bytes() == before
    text = before.decode()
    assert "panel:majority(ground-truth,ground-truth (pooled))" in text


def test_workers_write_journals_of_their_own_and_share_the_questions(run: Path) -> None:
    """Three workers ask disjoint shares; together they leave nothing to ask."""
    setup = JudgeSetup(judge=GROUND_TRUTH, protocol="pooled")
    for number in (1, 2, 3):
        with opened(run, JudgingOptions(), f"{number}-of-3") as context:
            add_judges(context, [setup], None)
            assert judge_share(context, f"{number}/3")
    parts = sorted((run / "judgements").glob("*.jsonl"))
    assert [part.name for part in parts] == ["1-of-3.jsonl", "2-of-3.jsonl", "3-of-3.jsonl"]
    keys = [line.split('"key":"')[1][:64] for part in parts for line in part.open()]
    assert len(keys) == len(set(keys)) > 0
    size = (run / "judgements.jsonl").stat().st_size
    judged(run)
    assert (run / "judgements.jsonl").stat().st_size == size
    assert rows(run, f"{GROUND_TRUTH} (pooled)") == rows(run, GROUND_TRUTH)


def test_a_run_that_is_held_is_refused(run: Path) -> None:
    with RunDir.load(run), pytest.raises(DataError, match="is in use by process"):
        judged(run)


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "1/0", "a/b", "-1/2", "1/2/3"])
def test_a_worker_is_a_number_of_a_count(text: str) -> None:
    with pytest.raises(UsageError, match="expected NUMBER/COUNT"):
        parse_worker(text)


def test_a_run_without_words_cannot_be_judged(small_corpus: Path, tmp_path: Path) -> None:
    path = execute(small_options(small_corpus, tmp_path / "runs"), ("plan",))
    with pytest.raises(UsageError, match="stage describe of .* is not done"):
        judged(path)


def test_a_panel_needs_two_judges(run: Path) -> None:
    before = (run / "judges.json").read_bytes()
    with pytest.raises(UsageError, match="there is 1"):
        judged(run, panel="majority")
    assert (run / "judges.json").read_bytes() == before


@pytest.mark.parametrize("name", ["none", "nobody", "ground-truht"])
def test_a_judge_that_cannot_be_added_leaves_the_run_as_it_was(run: Path, name: str) -> None:
    before = (run / "judges.json").read_bytes()
    with pytest.raises(UsageError):
        judged(run, JudgeSetup(judge=name, protocol="paper"))
    assert (run / "judges.json").read_bytes() == before
    judged(run)


def test_a_report_needs_no_judge_and_a_judge_can_be_removed(run: Path, tmp_path: Path) -> None:
    """A judge whose source is gone is still on the board, until it is taken off."""
    source = Path(shutil.copytree(run, tmp_path / "source"))
    before = (run / "leaderboard.csv").read_bytes()
    replay = f"replay:{source}"
    judged(run, JudgeSetup(judge=replay, protocol="paper"))
    board = (run / "leaderboard.csv").read_bytes()
    assert replay.encode() in board
    shutil.rmtree(source)
    for name in ("leaderboard.csv", "done/score.json", "done/report.json"):
        (run / name).unlink()
    with opened(run, JudgingOptions()) as context:
        for stage in ("score", "report"):
            run_stage(context, stage)
    assert (run / "leaderboard.csv").read_bytes() == board
    with pytest.raises(UsageError, match="holds no judgements"):
        judged(run)
    with opened(run, JudgingOptions()) as context:
        with pytest.raises(UsageError, match="unknown added judge 'ground-truth'"):
            remove_judges(context, [GROUND_TRUTH])
        remove_judges(context, [replay])
        judge_again(context)
    assert (run / "leaderboard.csv").read_bytes() == before


def test_answers_of_other_settings_are_named_and_not_used(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A judge whose rules have changed is asked anew, and says so."""
    journal = run / "judgements.jsonl"
    (version,) = {row.judge_version for row in judged(run)}
    count = len(journal.read_text().splitlines())
    text = journal.read_text().replace(version, "0" * 16)
    journal.write_text(re.sub('"key":"....', '"key":"0000', text))
    with caplog.at_level("INFO"):
        judged(run)
    assert f"judge ground-truth: {count} recorded answers" in caplog.text
    assert len(journal.read_text().splitlines()) == 2 * count


def test_pictures_are_the_same_for_every_judge_or_judging_stops(run: Path) -> None:
    """The hashes taken at first stand; a picture drawn otherwise is an error."""
    with opened(run, JudgingOptions()) as context:
        shown = pictures(context)
        patch_id = context.patches[0].patch_id
        before = shown.hash(patch_id)
        boxed, crop = shown.renderer(patch_id)()
        assert boxed != crop
    text = (run / "pictures.json").read_text()
    with opened(run, JudgingOptions()) as context:
        assert pictures(context).hash(patch_id) == before
    (run / "pictures.json").write_text(text.replace(before, "0" * 64))
    with opened(run, JudgingOptions()) as context:
        render = pictures(context).renderer(patch_id)
        with pytest.raises(MismatchError, match="drawn otherwise"):
            render()


def spec_of(run: Path) -> RunSpec:
    """Return the spec of a run."""
    with RunDir.load(run) as held:
        return held.run_spec


@pytest.mark.parametrize(("protocol", "most"), [("paper", 12 * 24), ("pooled", 12 * 4)])
def test_a_dry_run_before_the_words_are_made_gives_what_they_can_be_at_most(
    small_corpus: Path, tmp_path: Path, protocol: str, most: int
) -> None:
    """12 patches of 24 cells with 5 words each, or 4 pools of 30; nothing is made or asked."""
    runs = tmp_path / "runs"
    options = small_options(small_corpus, runs, judge="gpt-5.5", protocol=protocol)
    text = dry_run_of(resolve_spec(options), runs)
    (line,) = [line for line in text.splitlines() if line.startswith("gpt-5.5 ")]
    assert line.split()[1:4] == [str(most), "0", str(most)]
    assert "at most" in text
    assert not runs.exists()
    path = execute(options, ("plan", "capture", "describe"))
    assert path.exists()
    (line,) = [
        line
        for line in dry_run_of(resolve_spec(options), runs).splitlines()
        if line.startswith("gpt-5.5 ")
    ]
    assert 0 < int(line.split()[1]) <= most
