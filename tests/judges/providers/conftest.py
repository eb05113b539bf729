"""A clean environment and one fake provider for the tests of providers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.judges.fake_provider import KEY, FakeProvider

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "COMPATIBLE_API_KEY", "OPENROUTER_API_KEY")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in KEYS:
        monkeypatch.setenv(name, KEY)


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    """Return a server without faults; tests script it by its attributes."""
    with FakeProvider() as server:
        yield server
