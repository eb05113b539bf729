from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from lenses import memory
from lenses.memory import free_memory

LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from lenses.memory import free_memory
print(free_memory())
"""


def test_is_positive_and_at_most_what_the_machine_has() -> None:
    pages = Path("/proc/meminfo").read_text(encoding="ascii").split("MemTotal:")[1].split()[0]
    assert 0 < free_memory() <= int(pages) * 1024


def test_an_address_space_limit_counts() -> None:
    command = [sys.executable, "-c", LIMITED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < 3 << 30
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != 3 << 30


def test_a_control_group_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("1000000\n", encoding="ascii")
    (tmp_path / "memory.current").write_text("400000\n", encoding="ascii")
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    assert free_memory() == 600000
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert free_memory() > 600000


def test_what_cannot_be_read_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "none")
    assert free_memory() == 4 << 30
