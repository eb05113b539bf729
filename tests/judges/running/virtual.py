"""An event loop whose clock jumps to the next timer: waits of minutes take no time in tests."""

from __future__ import annotations

import asyncio
import selectors
from asyncio import Future
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Args = TypeVarTuple("Args")


class _Jumping(selectors.DefaultSelector):
    """Does not wait for timers: where nothing is ready, time is moved on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A real event loop with a clock of its own that starts at 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self._jumping.now += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Args]], T], *args: *Args
    ) -> Future[T]:
        """Work in threads takes real time, in which this clock would run away; do it here."""
        done: Future[T] = self.create_future()
        done.set_result(func(*args))
        return done


def run_virtually(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a virtual loop; no task may be left over."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_alone(coroutine))


async def _alone(coroutine: Coroutine[Any, Any, T]) -> T:
    result = await coroutine
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return result
