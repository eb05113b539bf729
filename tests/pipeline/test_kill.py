"""SIGKILL in every stage: the same command again ends with the same bytes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.core.rundir import STAGES
from tests.pipeline.runs import execute, result_bytes, small_options
from tests.pipeline.test_run import with_library

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("stage", STAGES)
def test_killed_run_ends_with_the_same_bytes(
    stage: str, finished: Path, small_corpus: Path, tmp_path: Path
) -> None:
    """What a killed process leaves behind is used or repaired, never trusted blindly."""
    options = small_options(small_corpus, with_library(finished, tmp_path / "runs"))
    killed = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.killer", stage, options.model_dump_json()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    run = tmp_path / "runs" / finished.name
    assert not (run / "done" / f"{stage}.json").exists()
    kept = {path: path.stat().st_mtime_ns for path in (run / "states").glob("*.safetensors")}
    again = execute(options)
    assert result_bytes(again) == result_bytes(finished)
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items())
    assert (again / "report.html").read_bytes()[:15] == b"<!doctype html>"
