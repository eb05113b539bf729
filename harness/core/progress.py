"""The one style of progress: a bar on a terminal, silence elsewhere, single lines by logging."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

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


def progress(iterable: Iterable[T], *, description: str, total: int | None = None) -> Iterator[T]:
    """Yield from ``iterable`` with a bar on standard error if that is a terminal.

    Args:
        iterable: What to go through.
        description: A few words before the bar.
        total: Number of items; taken from ``len(iterable)`` where there is one.
    """
    if not sys.stderr.isatty():
        yield from iterable
        return
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(iterable, description=description, total=total, console=console)
