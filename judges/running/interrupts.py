"""Ctrl-C, once to finish and twice to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def first_interrupt(tell: Callable[[], None]) -> Iterator[None]:
    """Call ``tell`` on the first Ctrl-C instead of raising; later ones raise KeyboardInterrupt.

    So the first one breaks nothing off, wherever the main thread is. ``tell`` runs in the midst of
    other code and must not write, wait or take locks. Does nothing outside the main thread, which
    gets no signals, and where the application handles Ctrl-C in a way of its own.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        tell()

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is first:
            signal.signal(signal.SIGINT, signal.default_int_handler)
