"""The one style of progress: a bar on a terminal, silence elsewhere, single lines by logging."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

LOGGER_NAME = "lensbench"
"""Logger of all messages to the user; an application that configures logging receives them."""


class _CurrentStderr(logging.StreamHandler[TextIO]):
    """Writes to what ``sys.stderr`` is when a line is written, so that a live bar stays whole."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        """Standard error as it is now."""
        return sys.stderr

    @stream.setter
    def stream(self, value: TextIO) -> None:
        raise AttributeError("this handler always follows sys.stderr")


def announce(message: str) -> None:
    """Tell the user one line on standard error, through the ``lensbench`` logger at INFO level.

    Where the application has not configured logging, the bare message is written.
    """
    logger = logging.getLogger(LOGGER_NAME)
    if not logger.hasHandlers():
        logger.addHandler(_CurrentStderr())
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    logger.info("%s", message)


def progress(
    iterable: Iterable[T],
    *,
    description: str,
    total: int | None = None,
    note: Callable[[T], str] | None = None,
) -> Iterator[T]:
    """Yield from ``iterable`` with a bar on standard error if that is a terminal.

    Args:
        iterable: What to go through.
        description: A few words before the bar.
        total: Number of items; taken from ``len(iterable)`` where there is one.
        note: Gives a few words behind the bar, such as the cost so far, after every item; the
            rate of items is then shown too.
    """
    if not sys.stderr.isatty():
        yield from iterable
        return
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if note is None:
        yield from track(iterable, description=description, total=total, console=console)
    else:
        yield from _noted(iterable, description, total, note, console)


def _noted(
    iterable: Iterable[T],
    description: str,
    total: int | None,
    note: Callable[[T], str],
    console: Console,
) -> Iterator[T]:
    """Yield with a bar that shows counts, rate, time left and a note on the last item."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeLeft(),
        TextColumn("{task.fields[note]}"),
    )
    began = time.monotonic()
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(description, total=total, rate="", note="")
        for count, item in enumerate(iterable, start=1):
            yield item
            rate = 60 * count / max(time.monotonic() - began, 1e-9)
            bar.update(task, advance=1, rate=f"{rate:.0f}/min", note=note(item))
