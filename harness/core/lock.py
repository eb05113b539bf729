"""A lock between processes that the operating system releases when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from harness.core.errors import DataError
from harness.core.files import write_errors


class FileLock:
    """An advisory lock (flock) on a file; held from construction to :meth:`release`.

    Args:
        path: Lock file, created if needed and left in place; it holds the process id.
        subject: What is locked, as the message to the second process says it.
        shared: Let other holders of a shared lock in; only an exclusive one is kept out.

    Raises:
        DataError: Another process holds it, or the file cannot be created.
    """

    def __init__(self, path: Path, subject: str, *, shared: bool = False) -> None:
        with write_errors(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise DataError(
                f"{subject} is in use by process {holder}; wait until it ends, or stop it, and "
                "run the same command again"
            ) from error
        self._descriptor: int | None = descriptor
        with write_errors(path):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let others in; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
