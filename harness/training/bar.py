"""The progress of a training: a bar with loss and rate on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self


class TrainingBar:
    """A bar on standard error if that is a terminal; use it as a context."""

    def __init__(self, description: str, first: int, total: int) -> None:
        """Start at step ``first`` of ``total``."""
        self._bar: Any = None
        self._task: Any = None
        if not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.4f}, {task.fields[rate]:.1f} captions/s"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task(
            description, completed=first, total=total, loss=float("nan"), rate=0.0
        )

    def show(self, step: int, loss: float, rate: float) -> None:
        """Show the updates done, the last loss, and captions per second."""
        if self._bar is not None:
            self._bar.update(self._task, completed=step, loss=loss, rate=rate)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to another bar inside."""
        if self._bar is None:
            yield
            return
        self._bar.stop()
        try:
            yield
        finally:
            self._bar.start()

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
