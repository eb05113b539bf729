"""The environment a run was made in; recorded beside the spec, part of no hash."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path

from harness.core.records import Record

DISTRIBUTION = "lensbench"
"""Name of the installed distribution."""

RECORDED_PACKAGES = (
    "accelerate",
    "anthropic",
    "faiss-cpu",
    "numpy",
    "openai",
    "pandas",
    "pillow",
    "pyarrow",
    "pydantic",
    "safetensors",
    "scikit-learn",
    "tokenizers",
    "torch",
    "torchvision",
    "transformers",
)
"""Distributions whose versions can change a result."""

_GIT_TIMEOUT_S = 10


class Stamp(Record):
    """Where, when and with what a run was made."""

    lensbench: str
    """Version of lensbench."""
    git_commit: str | None
    """Commit of the checkout lensbench runs from; None outside a checkout."""
    git_dirty: bool | None
    """Whether that checkout has uncommitted or untracked files; None outside a checkout."""
    python: str
    """Version of the interpreter."""
    platform: str
    """Operating system, release and machine."""
    packages: dict[str, str]
    """Version of every installed package of :data:`RECORDED_PACKAGES`."""
    cpu_count: int
    """Logical processors of the machine."""
    created_at: str
    """Time in UTC, ISO 8601 with seconds."""
    argv: tuple[str, ...]
    """The command line."""


def version() -> str:
    """Return the version of lensbench, ``unknown`` if it runs without being installed."""
    return _version_of(DISTRIBUTION) or "unknown"


def stamp() -> Stamp:
    """Describe the present environment; a missing git or package is recorded as absent."""
    commit, dirty = git_state(Path(__file__).resolve().parents[2])
    versions = {name: _version_of(name) for name in RECORDED_PACKAGES}
    return Stamp(
        lensbench=version(),
        git_commit=commit,
        git_dirty=dirty,
        python=platform.python_version(),
        platform=platform.platform(),
        packages={name: found for name, found in versions.items() if found is not None},
        cpu_count=os.cpu_count() or 1,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        argv=tuple(sys.argv),
    )


def git_state(root: Path) -> tuple[str | None, bool | None]:
    """Return commit and dirtiness of the checkout whose top folder is ``root``.

    A repository that merely contains ``root`` (a virtual environment inside another project) is
    not ours and counts as none.

    Returns:
        (commit, dirty); (None, None) without git, without a commit, or outside a checkout.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != root.resolve():
        return None, None
    commit = _git(root, "rev-parse", "HEAD")
    status = _git(root, "status", "--porcelain")
    if commit is None or status is None:
        return None, None
    return commit, bool(status)


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version_of(distribution: str) -> str | None:
    try:
        return installed_version(distribution)
    except PackageNotFoundError:
        return None
