from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.core.stamp import Stamp, git_state, stamp, version


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_stamp_describes_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["lensbench", "run"])
    made = stamp()
    assert made.packages["numpy"] == np.__version__
    assert made.packages["torch"].startswith("2.")
    assert made.python == ".".join(str(part) for part in sys.version_info[:3])
    assert made.argv == ("lensbench", "run")
    assert made.cpu_count >= 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", made.created_at)
    assert Stamp.model_validate_json(made.model_dump_json()) == made


def test_stamp_imports_no_recorded_package() -> None:
    code = (
        "import sys; from harness.core.stamp import stamp; stamp(); "
        "sys.exit(bool({'torch', 'transformers', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_commit_and_dirtiness(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert git_state(tmp_path) == (None, None)
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert git_state(tmp_path) == (head, False)
    (tmp_path / "b").write_text("untracked")
    assert git_state(tmp_path) == (head, True)


def test_a_repository_around_us_is_not_ours(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    inside = tmp_path / "site-packages"
    inside.mkdir()
    assert git_state(inside) == (None, None)


def test_no_repository_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_state(tmp_path) == (None, None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert stamp().git_commit is None
    assert stamp().git_dirty is None


def test_version_is_that_of_the_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "lensbench-7.8.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lensbench\nVersion: 7.8.9\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert version() == "7.8.9"
    monkeypatch.setattr(sys, "path", [])
    assert version() == "unknown"
