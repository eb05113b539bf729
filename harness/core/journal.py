"""Append-only journal: one JSON record per line, on the disk before the call returns."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ValidationError

from harness.core.errors import DataError
from harness.core.files import sync_folder, write_errors
from harness.core.ids import canonical_json

R = TypeVar("R", bound=BaseModel)

_BLOCK = 1 << 16


class Journal:
    """A JSONL file that survives a kill at any moment.

    Opening it cuts a torn last line (a record whose write was interrupted) back to the last
    newline; every complete line is kept. One process writes at a time: the run directory's lock
    sees to that.

    Args:
        path: File of the journal; it is created, with its folders, by the first append.

    Raises:
        DataError: The torn tail cannot be cut because the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._size = self._repair()

    def append(self, record: BaseModel | Mapping[str, Any]) -> None:
        """Write one record and wait until it is on the disk.

        Raises:
            DataError: The disk is full or read-only; the journal is left as it was.
        """
        self.append_many([record])

    def append_many(self, records: Iterable[BaseModel | Mapping[str, Any]]) -> None:
        """Write a batch of records with one wait for the disk; raises as :meth:`append`."""
        data = "".join(canonical_json(record) + "\n" for record in records).encode()
        if not data:
            return
        with write_errors(self.path):
            descriptor = self._open()
            try:
                _write_all(descriptor, data)
                os.fsync(descriptor)
            except (OSError, KeyboardInterrupt):
                os.ftruncate(descriptor, self._size)
                raise
        self._size += len(data)

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield all records in the order written; none if there is no file yet.

        Raises:
            DataError: A line is not a JSON object; the message names the file and the line number.
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                yield self._parse(number, line)

    def close(self) -> None:
        """Close the file; a later append opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _parse(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            value = json.loads(line)
        except ValueError as error:
            raise DataError(
                f"{self.path}, line {number}: not JSON ({error}); restore the file or delete "
                "the line, and run the same command again"
            ) from error
        if not isinstance(value, dict):
            raise DataError(
                f"{self.path}, line {number}: expected a JSON object, not {type(value).__name__}"
            )
        return value

    def _open(self) -> int:
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._descriptor = os.open(self.path, flags, 0o666)
            sync_folder(self.path.parent)
        return self._descriptor

    def _repair(self) -> int:
        """Cut the file after its last newline and return its size in bytes."""
        if not self.path.exists():
            return 0
        with self.path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            kept = _end_of_last_line(stream.fileno(), size)
        if kept < size:
            with write_errors(self.path):
                descriptor = os.open(self.path, os.O_WRONLY)
                try:
                    os.ftruncate(descriptor, kept)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        return kept


def read_records(path: Path, type_: type[R]) -> Iterator[R]:
    """Yield the records of a journal that another process may be writing to; none without a file.

    A last line without its newline is not read, and the file is never changed.

    Args:
        path: File of a :class:`Journal`.
        type_: What every line is.

    Raises:
        DataError: A line is no such record; the message names the file and the line number.
    """
    if not path.exists():
        return
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield type_.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"]) or "whole line"
                raise DataError(
                    f"{path}, line {number}: not a {type_.__name__} ({place}: {first['msg']}); "
                    "restore the file or delete the line, and run the same command again"
                ) from error


def _end_of_last_line(descriptor: int, size: int) -> int:
    """Return the offset after the last newline, reading blocks from the end."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
