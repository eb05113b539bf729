"""A fake provider with batches, judges that use it, and questions for them."""

from __future__ import annotations

import io
import ssl
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from harness.core.records import Judgement
from judges.api import ApiJudge
from judges.base import JudgeRequest, request_key
from judges.batch.flow import advance
from judges.batch.ledger import BatchLedger
from judges.budget import Budget
from judges.protocols.registry import find_protocol
from judges.providers.anthropic_messages import AnthropicMessages
from judges.providers.openai_responses import OpenAIResponses
from judges.providers.options import ApiOptions
from judges.settings import JudgeSettings
from tests.judges.fake_provider import KEY, FakeProvider
from tests.judges.fake_provider.batches import FakeBatches

OPENAI_MODEL = "gpt-5-2025-08-07"
ANTHROPIC_MODEL = "claude-haiku-4-5-20251001"
PAPER = find_protocol("paper")


@dataclass(frozen=True, slots=True)
class World:
    """A server, the ledger of a run, and what was recorded of it."""

    server: FakeProvider
    batches: FakeBatches
    folder: Path

    def ledger(self, clock: Callable[[], float] | None = None) -> BatchLedger:
        """Open the run's ledger anew, as the next process would."""
        path = self.folder / "batches.jsonl"
        return BatchLedger(path) if clock is None else BatchLedger(path, clock)

    def judge(self, kind: str = "openai", name: str = "") -> ApiJudge:
        """Return a new judge of the given provider."""
        settings = JudgeSettings()
        if kind == "openai":
            url = self.server.openai_url
            live = OpenAIResponses(OPENAI_MODEL, ApiOptions(), None, url)
            return ApiJudge(name or "gpt-5", live, settings)
        url = self.server.anthropic_url
        return ApiJudge(
            name or "claude",
            AnthropicMessages(ANTHROPIC_MODEL, ApiOptions(), None, url),
            settings,
        )

    def advance(
        self,
        judge: ApiJudge,
        requests: Sequence[JudgeRequest],
        *,
        wait: bool = False,
        budget: Budget | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Generator[Judgement]:
        """Run the flow once with a new ledger object."""
        ledger = self.ledger(clock)
        try:
            yield from advance(judge, requests, ledger, wait=wait, poll_s=0.01, budget=budget)
        finally:
            ledger.close()


def requests_for(judge: ApiJudge, count: int, *, words: int = 2) -> list[JudgeRequest]:
    """Return so many questions, each about a patch of its own."""
    found = []
    for number in range(count):
        shown = tuple(f"word-{number}-{rank}" for rank in range(words))
        patch = f"patch-{number}"
        key = request_key(judge.name, judge.version, patch, shown)
        found.append(JudgeRequest(key, patch, shown, PAPER, None, _pictures))
    return found


def words_of(judgements: Sequence[Judgement]) -> list[tuple[str, ...]]:
    """Return the words of judgements, sorted."""
    return sorted(judgement.words for judgement in judgements)


def words_asked(requests: Sequence[JudgeRequest]) -> list[tuple[str, ...]]:
    """Return the words of questions, sorted."""
    return sorted(request.words for request in requests)


def png(side: int) -> bytes:
    """Return a grey square as PNG."""
    stream = io.BytesIO()
    Image.new("RGB", (side, side), "grey").save(stream, "PNG")
    return stream.getvalue()


CANVAS, CROP = png(16), png(8)


def _pictures() -> tuple[bytes, bytes]:
    return CANVAS, CROP


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A running server; both API keys are in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    # Reading them takes longer than all the rest, and the loopback interface needs none.
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: None)
    with FakeProvider() as server:
        yield World(server, FakeBatches(server), tmp_path)
