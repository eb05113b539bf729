"""A web server on this machine, and an empty cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.data.sources.fetch import FetchPolicy
from harness.data.sources.store import VARIABLE, ImageStore
from tests.data.sources.server import Site, running

QUICK = FetchPolicy(
    timeout_s=0.3, deadline_s=0.6, attempts=3, backoff_s=0.01, longest_wait_s=0.2, workers=4
)
"""As patient as a test can be."""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's cache, or asks the user's proxy."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "lensbench-cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as site:
        yield site


@pytest.fixture
def quick() -> FetchPolicy:
    return QUICK


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "store")
