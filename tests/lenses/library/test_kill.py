"""SIGKILL at every file that is written: the same command again ends with the same bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lenses.fixtures import PHRASES, make_library
from tests.lenses.library.building import build, contents
from tests.lenses.library.killer import JOBS, RACE, SWEEP

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which every job was killed at every file."""
    folder = tmp_path_factory.mktemp("killed")
    for shard in (1, 2):
        build(folder / f"host-{shard}", PHRASES[:5], dtype="int8", layers=(1, 2), shard=(shard, 2))
    make_library(folder / "left", PHRASES[:4], part_rows=16)
    make_library(folder / "right", PHRASES[3:6], part_rows=16)
    done = subprocess.run(
        [sys.executable, "-m", "tests.lenses.library.killer", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", JOBS)
def test_a_killed_job_ends_with_the_same_bytes(name: str, killed: Path) -> None:
    job = JOBS[name]
    job(killed, killed / name / "undisturbed")
    expected = contents(killed / name / "undisturbed")
    folders = sorted(path for path in (killed / name).iterdir() if path.name != "undisturbed")
    # The last of the numbered ones ran to its end.
    assert len(folders) > len(expected)
    broken = 0
    for folder in folders:
        broken += not (folder / "manifest.json").exists()
        finished = {
            path: path.stat().st_mtime_ns for path in folder.glob("*/*.json") if path.is_file()
        }
        job(killed, folder)
        assert contents(folder) == expected, folder.name
        kept = {path for path in finished if path.exists()}
        assert all(path.stat().st_mtime_ns == finished[path] for path in kept), folder.name
    assert broken == len(folders) - 1


def test_the_sweep_is_one_of_the_places(killed: Path) -> None:
    assert not (killed / "unite" / SWEEP).exists()
    assert (killed / "build" / SWEEP).exists()


def test_processes_that_build_one_library_at_once_agree(killed: Path) -> None:
    build(killed / "alone", PHRASES[:5], dtype="int8", layers=(1, 2))
    expected = contents(killed / "alone")
    raced = list((killed / RACE).iterdir())
    assert len(raced) > 1
    assert all(contents(folder) == expected for folder in raced)
