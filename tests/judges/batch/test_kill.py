"""A kill at any step of the flow, and the same command again until all is answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.core.journal import Journal
from harness.core.records import Judgement
from judges.batch.anthropic import AnthropicBatches
from judges.batch.base import BatchLimits
from judges.batch.openai import OpenAIBatches
from tests.judges.batch.world import World, requests_for

QUESTIONS = 3
PROVIDERS = {"openai": OpenAIBatches, "anthropic": AnthropicBatches}


class Killed(BaseException):  # noqa: N818 - not an error: nothing may catch it
    """The process is gone."""


@dataclass
class Killer:
    """Ends the process at one of its steps; every process starts a minute after the last one."""

    last_step: int | None = None
    steps: int = 0
    now: float = 1_000_000.0
    recorded: list[Judgement] = field(default_factory=list)

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.last_step:
            raise Killed

    def around(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Return ``method`` with a step before it acts and one after it has."""

        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.step()
            result = await method(*args, **kwargs)
            self.step()
            return result

        return wrapped

    def install(self, monkeypatch: pytest.MonkeyPatch, provider: type) -> None:
        """Put steps before and after all that leaves a trace outside the process."""
        for name in ("submit", "state", "find"):
            monkeypatch.setattr(provider, name, self.around(getattr(provider, name)))
        append = Journal.append

        def appended(journal: Journal, record: Any) -> None:
            self.step()
            append(journal, record)
            self.step()

        monkeypatch.setattr(Journal, "append", appended)

    def command(self, world: World, kind: str) -> bool:
        """Run the command in a new process; return whether it came to its end."""
        self.now += 60
        judge = world.judge(kind)
        answered = {row.key for row in self.recorded if row.status == "ok"}
        rest = [row for row in requests_for(judge, QUESTIONS) if row.key not in answered]
        flow: Iterator[Judgement] = world.advance(judge, rest, wait=True, clock=lambda: self.now)
        try:
            for row in flow:
                self.step()
                self.recorded.append(row)
                self.step()
        except Killed:
            return False
        return True


def _world(world: World, killer: Killer, monkeypatch: pytest.MonkeyPatch, kind: str) -> World:
    fresh = World(world.server, type(world.batches)(world.server), world.folder / str(killer.now))
    fresh.batches.clock = lambda: killer.now
    monkeypatch.setattr(PROVIDERS[kind], "limits", BatchLimits(requests=2, bytes=10**8))
    return fresh


@pytest.mark.parametrize("kind", list(PROVIDERS))
def test_a_kill_at_any_step_costs_and_loses_nothing(
    world: World, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = Killer()
    killer.install(monkeypatch, PROVIDERS[kind])
    assert killer.command(_world(world, killer, monkeypatch, kind), kind)
    steps = killer.steps
    assert steps >= 20
    for last_step in range(1, steps + 1):
        killer.last_step, killer.steps, killer.recorded = last_step, 0, []
        trial = _world(world, killer, monkeypatch, kind)
        assert not killer.command(trial, kind)
        killer.last_step = None
        assert killer.command(trial, kind), f"killed at step {last_step}"
        once = dict.fromkeys((row.key for row in killer.recorded), 1)
        assert len(once) == QUESTIONS, f"killed at step {last_step}"
        assert Counter(row.key for row in killer.recorded) == once, f"killed at step {last_step}"
        assert trial.batches.paid == once, f"killed at step {last_step}"


@pytest.mark.parametrize("kind", list(PROVIDERS))
def test_a_kill_at_every_step_in_turn_still_comes_to_an_end(
    world: World, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = Killer()
    killer.install(monkeypatch, PROVIDERS[kind])
    trial = _world(world, killer, monkeypatch, kind)
    for last_step in range(1, 30):
        killer.last_step, killer.steps = last_step, 0
        if killer.command(trial, kind):
            break
    keys = Counter(row.key for row in killer.recorded)
    assert keys == dict.fromkeys(keys, 1)
    assert len(keys) == QUESTIONS
    assert trial.batches.paid == keys
