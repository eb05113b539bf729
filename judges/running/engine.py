"""Many questions at once: an event loop in a thread of its own, outcomes through a queue.

The caller's thread only takes outcomes from the queue and records them. Ctrl-C, which reaches the
main thread, therefore never breaks off a call; it only asks the loop to send nothing more.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from harness.core.progress import announce
from judges.running.interrupts import first_interrupt

Q = TypeVar("Q")
A = TypeVar("A")
Q_contra = TypeVar("Q_contra", contravariant=True)
A_co = TypeVar("A_co", covariant=True)

_LOOK_UP_S: Final = 0.2

LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]
"""Makes the event loop; its clock is the clock of everything that runs in it."""


class Session(Protocol[Q_contra, A_co]):
    """What answers questions inside the loop; its methods are called in the loop's thread."""

    @property
    def under_way(self) -> int:
        """Number of calls under way; read from any thread."""
        ...

    @property
    def stopped(self) -> bool:
        """Whether nothing new is begun any more."""
        ...

    async def ask(self, question: Q_contra, /) -> A_co | None:
        """Answer a question; None if it was left unasked because the session has stopped."""
        ...

    def stop(self) -> None:
        """Begin nothing new; what is under way goes on."""
        ...

    async def close(self) -> None:
        """Free what the session holds."""
        ...


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[A]):
    answer: A


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


@dataclass(frozen=True, slots=True)
class _Interrupt:
    pass


class Engine(Generic[Q, A]):
    """Runs one session over one list of questions; used once."""

    def __init__(
        self,
        session: Session[Q, A],
        questions: Sequence[Q],
        *,
        most: int,
        loop_factory: LoopFactory = asyncio.new_event_loop,
    ) -> None:
        """Prepare the run.

        Args:
            session: Answers the questions.
            questions: Begun in this order; answered in any.
            most: Questions begun and not yet taken by the caller, at most: what bounds memory and
                what a kill can lose.
            loop_factory: Makes the event loop.
        """
        self._session = session
        self._questions = questions
        self._room = asyncio.Semaphore(most)
        self._outbox: SimpleQueue[_Outcome[A] | _End | _Interrupt] = SimpleQueue()
        self._dismissed = asyncio.Event()
        self._failure: BaseException | None = None
        self._signalled = False
        self._loop_factory = loop_factory
        self._loop: asyncio.AbstractEventLoop

    def outcomes(self) -> Generator[A, None, None]:
        """Yield outcomes as they come; to be closed by a caller that may break off.

        On the first Ctrl-C nothing new is sent, the outcomes of calls under way are still yielded,
        then KeyboardInterrupt is raised; on the second one it is raised at once. An exception of
        the session is raised after the outcomes of all calls under way. When the caller breaks off,
        calls under way are cancelled.
        """
        self._loop = self._loop_factory()
        thread = threading.Thread(target=self._run, name="judge", daemon=True)
        with first_interrupt(self._interrupted):
            thread.start()
            try:
                yield from self._taken()
            finally:
                if not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(self._dismissed.set)
                thread.join()

    def _taken(self) -> Generator[A, None, None]:
        interrupted = False
        while True:
            try:
                match self._next():
                    case _Outcome(answer):
                        yield answer
                        self._loop.call_soon_threadsafe(self._room.release)
                    case _End(error):
                        break
                    case _Interrupt():
                        raise KeyboardInterrupt
            except KeyboardInterrupt:
                if interrupted:
                    raise
                interrupted = True
                self._loop.call_soon_threadsafe(self._session.stop)
                calls = self._session.under_way
                announce(f"finishing {calls} calls under way; Ctrl-C again to stop at once")
        if interrupted or self._signalled:
            raise KeyboardInterrupt
        if error is not None:
            raise error

    def _next(self) -> _Outcome[A] | _End | _Interrupt:
        """Return what comes next, and look up now and then.

        A signal that the system hands to another thread does not wake the main thread by itself.
        """
        while True:
            with suppress(Empty):
                return self._outbox.get(timeout=_LOOK_UP_S)

    def _interrupted(self) -> None:
        """Stop sending and tell the caller's thread; safe in a signal handler."""
        self._signalled = True
        self._loop.call_soon_threadsafe(self._session.stop)
        self._outbox.put(_Interrupt())

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._main())
        finally:
            # Never read unless the loop broke down; the caller must not wait for ever then.
            self._outbox.put(_End(RuntimeError("the event loop of the judge broke down")))

    async def _main(self) -> None:
        """Work until all is done or the caller has left; then wait until it has taken everything.

        The loop outlives the caller's last word to it, so that none falls on a closed loop.
        """
        working = asyncio.create_task(self._work())
        leaving = asyncio.create_task(self._dismissed.wait())
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        await asyncio.wait({working})
        error = None if working.cancelled() else working.exception()
        self._outbox.put(_End(self._failure or error))
        await leaving

    async def _work(self) -> None:
        tasks: set[asyncio.Task[None]] = set()
        try:
            for question in self._questions:
                await self._room.acquire()
                if self._session.stopped:
                    break
                task = asyncio.create_task(self._answer(question))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                task.add_done_callback(self._ended)
            while tasks:
                await asyncio.wait(tasks)
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)
            await self._session.close()

    async def _answer(self, question: Q) -> None:
        answer = await self._session.ask(question)
        if answer is None:
            self._room.release()
        else:
            self._outbox.put(_Outcome(answer))

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Remember the first failure of a question; nothing new is begun after it."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = self._failure or error
            self._session.stop()
