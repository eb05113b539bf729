"""Do jobs on libraries again and again, each time in a process that kills itself a file later.

Usage: ``python -m tests.lenses.library.killer FOLDER``. The process dies by SIGKILL when its n-th
file is written but has not got its name yet, or in the middle of removing what is not needed any
more; what it leaves is in ``FOLDER/<job>/<n>``. Then several processes do one job in one folder at
once. Ends with exit code 0.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from harness.core import files
from lenses.library.merge import merge_libraries
from tests.lenses.fixtures import PHRASES
from tests.lenses.library.building import build

SWEEP = "sweep"
"""Name of the folder of the process that dies while it removes files."""
RACE = "race"
"""Name of the folder of libraries that several processes built at once."""

_DONE = 3
_RACES = 3
_RUNNERS = 4


def build_int8(folder: Path, out: Path) -> None:
    """Build a library whose parts are staged."""
    assert build(out, PHRASES[:5], dtype="int8", layers=(1, 2)) is not None


def gather(folder: Path, out: Path) -> None:
    """Gather the shards in ``host-1`` and ``host-2``."""
    merge_libraries([folder / "host-1", folder / "host-2"], out)


def unite(folder: Path, out: Path) -> None:
    """Merge the libraries of two corpora in ``left`` and ``right``."""
    merge_libraries([folder / "left", folder / "right"], out)


JOBS: dict[str, Callable[[Path, Path], None]] = {
    "build": build_int8,
    "gather": gather,
    "unite": unite,
}
"""What is killed: functions of the folder of sources and the folder of the result."""


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_before_name(number: int) -> Any:
    """Return the patch that kills before the n-th file gets its name."""
    left = number
    rename = os.replace

    def dying(source: Path, target: Path) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            die()
        rename(source, target)

    return patch.object(os, "replace", dying)


def die_in_the_sweep() -> Any:
    """Return the patch that kills after the first file of the staging was removed."""

    def dying(path: Path, **_: Any) -> None:
        next(path.rglob("*.json")).unlink()
        die()

    return patch.object(shutil, "rmtree", dying)


def killed(job: Callable[[Path, Path], None], folder: Path, out: Path, plant: Any) -> bool:
    """Run ``job`` in a process of its own and tell whether it was killed."""
    child = os.fork()
    if child == 0:
        with plant:
            job(folder, out)
        os._exit(_DONE)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != _DONE:
        raise RuntimeError(f"{out} failed before it could be killed")
    return os.WIFSIGNALED(status)


def race(out: Path) -> None:
    """Build one library in several processes at once."""
    children = []
    for _ in range(_RUNNERS):
        child = os.fork()
        if child == 0:
            build_int8(out, out)
            os._exit(0)
        children.append(child)
    for child in children:
        _, status = os.waitpid(child, 0)
        if status:
            raise RuntimeError(f"a process that built {out} beside others failed")


def main(folder: Path) -> None:
    """Kill every job at every file, then let processes race."""
    # A process that has used several threads must not be forked.
    torch.set_num_threads(1)
    # pyarrow loads it at first use, which would be in every child.
    importlib.import_module("pandas")
    # A killed process loses nothing it has written; only a power cut would.
    patch.object(files, "_sync", lambda path: None).start()
    for name, job in JOBS.items():
        number = 1
        while killed(job, folder, folder / name / f"{number:02d}", die_before_name(number)):
            number += 1
        if name != "unite":
            assert killed(job, folder, folder / name / SWEEP, die_in_the_sweep())
    for number in range(_RACES):
        race(folder / RACE / str(number))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
