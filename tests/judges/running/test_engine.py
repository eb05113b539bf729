"""Engine: outcomes promptly and all of them, clean ends in every way there is to end."""

from __future__ import annotations

import _thread
import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from judges.running.engine import Engine


class Doubling:
    """Answers numbers with twice their value; waits for ``release`` where a number is in it."""

    def __init__(self, *, slow: Sequence[int] = (), broken: Sequence[int] = ()) -> None:
        self.slow, self.broken = set(slow), set(broken)
        self.begun: list[int] = []
        self.cancelled: list[int] = []
        self.under_way = 0
        self.stopped = False
        self.closed = 0
        self.release = threading.Event()
        self.thread: threading.Thread | None = None

    async def ask(self, question: int) -> int | None:
        if self.stopped:
            return None
        self.thread = threading.current_thread()
        self.begun.append(question)
        self.under_way += 1
        try:
            if question in self.broken:
                raise ZeroDivisionError(question)
            while question in self.slow and not self.release.is_set():
                await asyncio.sleep(0.002)
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled.append(question)
            raise
        finally:
            self.under_way -= 1
        return 2 * question

    def stop(self) -> None:
        self.stopped = True

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """No thread and no handler of Ctrl-C outlives a test; a job in the background has none set."""
    before = set(threading.enumerate())
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert {thread for thread in threading.enumerate() if thread.name == "judge"} <= before
    assert signal.signal(signal.SIGINT, previous) is signal.default_int_handler


def test_all_outcomes_are_yielded_in_the_callers_thread() -> None:
    session = Doubling()
    found = list(Engine(session, range(500), most=7).outcomes())
    assert sorted(found) == [2 * number for number in range(500)]
    assert session.closed == 1
    assert session.thread is not threading.current_thread()


def test_no_questions_are_no_outcomes() -> None:
    session = Doubling()
    assert list(Engine(session, [], most=3).outcomes()) == []
    assert session.closed == 1


def test_a_finished_outcome_is_yielded_while_others_are_under_way() -> None:
    session = Doubling(slow=[0])
    outcomes = Engine(session, range(4), most=8).outcomes()
    assert sorted(next(outcomes) for _ in range(3)) == [2, 4, 6]
    session.release.set()
    assert list(outcomes) == [0]


def test_a_caller_that_does_not_take_outcomes_holds_the_session_up() -> None:
    session = Doubling()
    outcomes = Engine(session, range(100), most=5).outcomes()
    next(outcomes)
    time.sleep(0.05)
    assert len(session.begun) == 5
    assert len(list(outcomes)) == 99


def test_an_exception_is_raised_after_the_outcomes_of_what_was_under_way() -> None:
    session = Doubling(slow=[0, 1], broken=[2])
    outcomes = Engine(session, range(100), most=4).outcomes()
    threading.Timer(0.05, session.release.set).start()
    found: list[int] = []
    with pytest.raises(ZeroDivisionError):
        found.extend(_into(outcomes, found))
    assert {0, 2} <= set(found)
    assert len(session.begun) <= 5
    assert session.closed == 1


def _into(outcomes: Iterator[int], found: list[int]) -> Iterator[int]:
    for outcome in outcomes:
        found.append(outcome)
    return iter(())


def test_a_caller_that_breaks_off_cancels_what_is_under_way() -> None:
    session = Doubling(slow=[1, 2])
    outcomes = Engine(session, range(3), most=3).outcomes()
    assert next(outcomes) == 0
    outcomes.close()
    assert sorted(session.cancelled) == [1, 2]
    assert session.closed == 1


def test_an_exception_in_the_caller_ends_the_session() -> None:
    session = Doubling(slow=[1, 2])

    def caller() -> None:
        for _ in Engine(session, range(3), most=3).outcomes():
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        caller()
    assert sorted(session.cancelled) == [1, 2]


def test_an_engine_that_was_never_started_leaves_nothing() -> None:
    outcomes = Engine(Doubling(), range(3), most=3).outcomes()
    del outcomes


def _when(condition: Callable[[], bool], then: Callable[[], None]) -> None:
    """Call ``then`` in a thread as soon as ``condition`` holds."""

    def watch() -> None:
        while not condition():
            time.sleep(0.002)
        then()

    threading.Thread(target=watch, daemon=True).start()


def test_first_interrupt_while_waiting_finishes_what_is_under_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The handler is called as for Ctrl-C while the main thread waits for outcomes."""
    caplog.set_level("INFO", "lensbench")
    session = Doubling(slow=range(3, 1000))
    found: list[int] = []
    _when(lambda: session.under_way == 4, _thread.interrupt_main)
    _when(lambda: session.stopped, session.release.set)
    with pytest.raises(KeyboardInterrupt):
        found.extend(_into(Engine(session, range(1000), most=4).outcomes(), found))
    assert sorted(found) == [2 * number for number in session.begun]
    assert len(session.begun) == 7
    assert session.cancelled == []
    assert "finishing 4 calls under way; Ctrl-C again to stop at once" in caplog.text


def test_first_interrupt_in_the_callers_own_work_breaks_nothing_off() -> None:
    session = Doubling(slow=range(3, 1000))
    found, written = [], []
    _when(lambda: session.stopped, session.release.set)
    with pytest.raises(KeyboardInterrupt):
        for outcome in Engine(session, range(1000), most=4).outcomes():
            found.append(outcome)
            if len(found) == 3:
                _thread.interrupt_main()
                for _ in range(1000):
                    if not session.stopped:
                        time.sleep(0.002)
                assert session.stopped
            written.append(outcome)
    assert written == found
    assert sorted(found) == [2 * number for number in session.begun]


def test_an_interrupt_raised_at_the_engine_counts_as_the_first() -> None:
    session = Doubling(slow=range(1, 1000))
    outcomes = Engine(session, range(1000), most=4).outcomes()
    found = [next(outcomes)]
    _when(lambda: session.stopped, session.release.set)
    found.append(outcomes.throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        found.extend(_into(outcomes, found))
    assert sorted(found) == [2 * number for number in session.begun]
    assert session.cancelled == []


def test_an_interrupt_over_the_last_outcome_is_not_lost() -> None:
    session = Doubling()
    outcomes = Engine(session, range(1), most=4).outcomes()
    assert next(outcomes) == 0
    while not session.closed:
        time.sleep(0.002)
    _thread.interrupt_main()
    with pytest.raises(KeyboardInterrupt):
        next(outcomes)


def test_second_interrupt_stops_at_once() -> None:
    session = Doubling(slow=range(1000))

    _when(lambda: session.under_way == 4, _thread.interrupt_main)
    _when(lambda: session.stopped, _thread.interrupt_main)
    with pytest.raises(KeyboardInterrupt):
        list(Engine(session, range(1000), most=4).outcomes())
    assert sorted(session.cancelled) == [0, 1, 2, 3]
    assert session.closed == 1


def test_the_applications_own_handler_is_left_alone() -> None:
    def own(number: int, frame: object) -> None:
        raise KeyboardInterrupt("own")

    previous = signal.signal(signal.SIGINT, own)
    try:
        session = Doubling(slow=[1])
        outcomes = Engine(session, range(2), most=2).outcomes()
        next(outcomes)
        assert signal.getsignal(signal.SIGINT) is own
        session.release.set()
        assert list(outcomes) == [2]
    finally:
        signal.signal(signal.SIGINT, previous)


def test_works_outside_the_main_thread() -> None:
    found: list[int] = []
    thread = threading.Thread(
        target=lambda: found.extend(Engine(Doubling(), range(20), most=4).outcomes())
    )
    thread.start()
    thread.join(10)
    assert len(found) == 20


def test_thousands_of_questions_are_begun_a_few_at_a_time() -> None:
    class Counting(Doubling):
        tasks = 0

        async def ask(self, question: int) -> int | None:
            self.tasks = max(self.tasks, len(asyncio.all_tasks()))
            return await super().ask(question)

    session = Counting()
    assert sum(1 for _ in Engine(session, range(5000), most=32).outcomes()) == 5000
    assert session.tasks <= 32 + 3
