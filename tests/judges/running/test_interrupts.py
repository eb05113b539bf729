"""Ctrl-C: the first one tells, the second one raises, and the handler goes with the block."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from judges.running.interrupts import first_interrupt


@pytest.fixture(autouse=True)
def _foreground() -> Iterator[None]:
    """Handle Ctrl-C as Python does by default; a job in the background ignores it."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.signal(signal.SIGINT, previous) is signal.default_int_handler


def test_the_first_tells_and_the_second_raises() -> None:
    told: list[int] = []
    with first_interrupt(lambda: told.append(1)):
        signal.raise_signal(signal.SIGINT)
        assert told == [1]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert told == [1]


def test_the_handler_goes_with_the_block_also_by_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), first_interrupt(lambda: None):
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_who_ignores_it_or_handles_it_otherwise_is_left_alone() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with first_interrupt(pytest.fail):
        signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_handler_set_meanwhile_stays() -> None:
    def own(number: int, frame: object) -> None:
        raise AssertionError

    with first_interrupt(lambda: None):
        signal.signal(signal.SIGINT, own)
    assert signal.signal(signal.SIGINT, signal.default_int_handler) is own


def test_other_threads_get_no_handler() -> None:
    found: list[object] = []

    def work() -> None:
        with first_interrupt(lambda: None):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
