"""``judge``: further judges on a finished run, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.pipeline.runs import execute, small_options, write_small_corpus


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small finished run."""
    folder = tmp_path_factory.mktemp("judge")
    corpus = write_small_corpus(folder / "phrases.txt")
    return execute(small_options(corpus, folder / "runs", limit=2, patches=2, layers="0,8"))


def test_a_judge_is_priced_added_shared_and_removed(call: Call, run: Path) -> None:
    """Every way of the command, one after the other, on one run."""
    name = "ground-truth (pooled)"
    added = ["--judge", "ground-truth", "--protocol", "pooled"]
    code, priced, _ = call("judge", str(run), "--dry-run", *added, "--judge", "gpt-5.5")
    assert code == 0
    assert "gpt-5.5 (pooled)" in priced
    assert "$" in priced
    assert call("judge", str(run), *added, "--worker", "1/2")[0] == 0
    assert name not in (run / "leaderboard.csv").read_text()
    code, whole, _ = call("judge", str(run), "--panel", "majority")
    assert code == 0
    assert f"judge panel:majority(ground-truth,{name})" in whole
    assert f"judges ground-truth and {name}: same verdict on 1.000" in whole
    assert name in (run / "leaderboard.csv").read_text()
    assert call("judge", str(run), "--remove", "ground-truth")[0] == 0
    assert name not in (run / "leaderboard.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--worker", "3/2"), "expected NUMBER/COUNT"),
        (("--worker", "1/2", "--batch"), "handed in by one process"),
        (("--judge", "gtp-5"), "did you mean gpt-"),
        (("--judge", "none"), "asks nothing"),
        (("--judge", "ground-truth", "--protocol", "papr"), "did you mean paper"),
        (("--repeat", "101"), "less than or equal to 100"),
        (("--remove", "nobody"), "unknown added judge"),
        (("--keys", "no/such/file", "--judge", "gpt-5.5"), "no/such/file"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    call: Call, run: Path, arguments: tuple[str, ...], message: str
) -> None:
    before = {path: path.read_bytes() for path in run.glob("*.*") if path.is_file()}
    code, _, error = call("judge", str(run), *arguments)
    assert code == 2
    (line,) = error.strip().splitlines()
    assert message in line
    assert {path: path.read_bytes() for path in run.glob("*.*") if path.is_file()} == before


def test_a_folder_that_is_no_run_is_refused(call: Call, tmp_path: Path) -> None:
    code, _, error = call("judge", str(tmp_path))
    assert code == 2
    assert "is not a run directory" in error
