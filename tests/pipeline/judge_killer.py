"""Judging in child processes that are ended by SIGKILL at moments of the parent's choice."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from harness.core.config import JudgingOptions

# Loaded once, so that a child is at work a moment after its start.
_LOADED = ["harness.pipeline.rejudge", "judges.api", "openai", "tests.pipeline.judge_killer"]


def judge(run: str, options: JudgingOptions, environment: dict[str, str]) -> None:
    """Judge what is open, as the command line does, and leave scoring away."""
    from harness.pipeline.engine import run_stage
    from harness.pipeline.rejudge import opened

    os.environ.update(environment)
    with opened(Path(run), options) as context:
        run_stage(context, "judge")


@dataclass(frozen=True)
class Killer:
    """Starts judging a run and kills it when a random number of further calls was answered."""

    run: Path
    options: JudgingOptions
    environment: dict[str, str]
    log: Path

    def attempts(self, kills: int, step: tuple[int, int], seed: int) -> Iterator[int]:
        """Kill ``kills`` processes, each after a draw of answered calls from ``step``.

        Yield the number of answered calls at each death.
        """
        draw = random.Random(seed)
        for _ in range(kills):
            child = self._start()
            goal = self.answered() + draw.randint(*step)
            while self.answered() < goal and child.is_alive():
                time.sleep(0.002)
            time.sleep(draw.random() * 0.02)
            assert child.is_alive(), f"ended by itself with exit code {child.exitcode}"
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            assert child.exitcode == -signal.SIGKILL
            yield self.answered()

    def finish(self) -> None:
        """Let one process judge what is open and end by itself."""
        child = self._start()
        child.join()
        assert child.exitcode == 0

    def answered(self) -> int:
        """Return how many calls the provider has answered so far."""
        return self.log.read_bytes().count(b"\n") if self.log.exists() else 0

    def calls(self) -> list[dict[str, object]]:
        """Return the provider's own record of every call it answered."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def _start(self) -> ForkServerProcess:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_LOADED)
        child = context.Process(target=judge, args=(str(self.run), self.options, self.environment))
        child.start()
        return child
