"""A whole run: what it writes, that it repeats itself byte for byte, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from harness.core.config import RunOptions
from harness.core.errors import DataError, UsageError
from harness.core.quoting import plain
from harness.core.records import Description, Patch, RunSpec, Score
from harness.core.rundir import STAGES
from harness.core.tables import read_table
from harness.pipeline import capture
from tests.pipeline.runs import execute, result_bytes, small_options

LENSES = 8


def with_library(finished: Path, runs_dir: Path) -> Path:
    """Copy the finished library into another folder of runs, so that it is not built again."""
    shutil.copytree(finished.parent / "libraries", runs_dir / "libraries")
    return runs_dir


def test_every_cell_is_there(finished: Path) -> None:
    """Lenses x layers x patches x k descriptions, and one board row per lens and layer."""
    descriptions = read_table(finished / "descriptions.parquet", Description)
    patches = read_table(finished / "patches.parquet", Patch)
    assert len(patches) == 12
    assert len(descriptions) == LENSES * 3 * 12 * 5
    board = pd.read_csv(finished / "leaderboard.csv")
    assert len(board) == LENSES * (3 + 1)
    assert set(board["layer"].astype(str)) == {"0", "4", "8", "mean"}
    assert Counter(board["kind"]) == {"lens": 12, "control": 20}


def test_scores_match_the_journal(finished: Path) -> None:
    """Rates recomputed from descriptions and journal alone agree with the score table."""
    relations = {
        (row["patch_id"], tuple(row["words"])): row["relations"]
        for row in map(json.loads, (finished / "judgements.jsonl").read_text().splitlines())
    }
    cells: dict[tuple[str, int, str], list[str]] = {}
    for row in read_table(finished / "descriptions.parquet", Description):
        cells.setdefault((row.lens, row.layer, row.patch_id), []).append(row.word)
    hits: Counter[tuple[str, int]] = Counter()
    for (lens, layer, patch_id), words in cells.items():
        shown = tuple(word for word in words if plain(word))
        hits[lens, layer] += any(r != "none" for r in relations[patch_id, shown])
    scores = read_table(finished / "scores.parquet", Score)
    checked = [s for s in scores if s.definition == "interpretable" and s.layer is not None]
    assert len(checked) == LENSES * 3
    for score in checked:
        assert score.layer is not None
        assert (score.hits, score.n) == (hits[score.lens, score.layer], 12)


def test_equal_questions_are_asked_once(finished: Path) -> None:
    """The journal holds one line per distinct (patch, words), without a lens name."""
    lines = (finished / "judgements.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert len({row["key"] for row in rows}) == len(rows)
    assert len({(row["patch_id"], tuple(row["words"])) for row in rows}) == len(rows)
    assert not any("lens" in row for row in rows)


def test_two_runs_are_byte_identical(finished: Path, small_corpus: Path, tmp_path: Path) -> None:
    """The same spec in another folder, with the library built anew, gives the same bytes."""
    again = execute(small_options(small_corpus, tmp_path))
    assert again.name == finished.name
    assert result_bytes(again) == result_bytes(finished)


def test_stages_one_by_one_equal_the_whole(
    finished: Path, small_corpus: Path, tmp_path: Path
) -> None:
    """Every stage can be run alone, and needs the ones before it."""
    options = small_options(small_corpus, with_library(finished, tmp_path / "runs"))
    with pytest.raises(UsageError, match="plan .* is not done"):
        execute(options, ("describe",))
    for stage in STAGES:
        path = execute(options, (stage,))
    assert result_bytes(path) == result_bytes(finished)


def test_second_run_does_nothing(finished: Path, small_corpus: Path) -> None:
    """A finished run is left as it is, to the time stamps of its files."""
    before = {p: p.stat().st_mtime_ns for p in finished.rglob("*") if p.name != ".lock"}
    execute(small_options(small_corpus, finished.parent))
    assert before == {p: p.stat().st_mtime_ns for p in finished.rglob("*") if p.name != ".lock"}


def test_lost_answers_are_asked_again(finished: Path, small_corpus: Path, tmp_path: Path) -> None:
    """A shortened journal is completed; what it holds is not asked twice."""
    runs = with_library(finished, tmp_path / "runs")
    copy = runs / finished.name
    shutil.copytree(finished, copy)
    journal = copy / "judgements.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[: len(lines) // 2]) + lines[-1][:20])
    execute(small_options(small_corpus, runs))
    assert sorted(journal.read_text().splitlines(keepends=True)) == sorted(lines)
    assert result_bytes(copy) == result_bytes(finished)


def test_fresh_starts_over(finished: Path, small_corpus: Path, tmp_path: Path) -> None:
    """``--fresh`` computes everything again, to the same end."""
    runs = with_library(finished, tmp_path / "runs")
    shutil.copytree(finished, runs / finished.name)
    (runs / finished.name / "patches.parquet").write_bytes(b"not a table")
    again = execute(small_options(small_corpus, runs, fresh=True))
    assert result_bytes(again) == result_bytes(finished)


def test_states_say_whose_they_are(finished: Path) -> None:
    """The manifest says which patch every row is of, and layers are those of the spec."""
    manifest = capture.StatesManifest.model_validate_json(
        (finished / "states" / capture.MANIFEST).read_bytes()
    )
    spec = RunSpec.model_validate_json((finished / "spec.json").read_bytes())
    patches = read_table(finished / "patches.parquet", Patch)
    assert manifest.layers == spec.layers
    for name, patch_ids in manifest.files.items():
        assert patch_ids == tuple(
            patch.patch_id for patch in patches if name.startswith(patch.image_id[:16])
        )
    assert sum(map(len, manifest.files.values())) == len(patches)


def test_photographs_are_described_and_the_report_warns(
    finished: Path, small_corpus: Path, photographs: Path, tmp_path: Path
) -> None:
    """Real photographs work without a judge; the page says the model never saw one."""
    options = small_options(
        small_corpus,
        with_library(finished, tmp_path / "runs"),
        images=str(photographs),
        judge="none",
        limit=None,
    )
    run = execute(options)
    report = (run / "report.html").read_text()
    assert "never on photographs" in report
    assert "it is not known whether the reference corpus" in report
    assert len(read_table(run / "descriptions.parquet", Description)) > 0
    board = pd.read_csv(run / "leaderboard.csv")
    assert board["interpretable:rate"].isna().all()


def test_changed_image_is_an_error(
    finished: Path, small_corpus: Path, photographs: Path, tmp_path: Path
) -> None:
    """An image that changes between two stages stops the run with its name."""
    runs = with_library(finished, tmp_path / "runs")
    folder = tmp_path / "photos"
    shutil.copytree(photographs, folder)
    options = small_options(small_corpus, runs, images=str(folder), judge="none")
    victim = sorted(folder.iterdir())[0]
    plan_only(options)
    from harness.pipeline.engine import run_stages
    from harness.pipeline.spec import resolve_spec

    plan = resolve_spec(options)
    victim.write_bytes(sorted(folder.iterdir())[1].read_bytes())
    with pytest.raises(DataError, match=victim.name):
        run_stages(plan, runs)


def plan_only(options: RunOptions) -> None:
    """Run the first stage."""
    execute(options, ("plan",))
