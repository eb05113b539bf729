"""Atomic file writes: a file has its old content or its new content, never a part of it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from harness.core.errors import DataError
from harness.core.ids import canonical_json

TEMPORARY_SUFFIX = ".tmp"
"""Ending of unfinished files; a run directory removes those that a kill left behind."""

_FREE_SPACE = "nothing finished is lost, free space and run the same command again"
_OTHER_FOLDER = "nothing finished is lost, make the folder writable or choose another one"
_ADVICE = {
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EROFS: _OTHER_FOLDER,
    errno.EACCES: _OTHER_FOLDER,
    errno.EPERM: _OTHER_FOLDER,
    errno.EEXIST: "a file is in the way of a folder",
    errno.ENOTDIR: "a file is in the way of a folder",
    errno.EISDIR: "a folder is in the way of the file",
    errno.ENAMETOOLONG: "choose a shorter path",
}


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write ``path`` into one clear line.

    Raises:
        DataError: No space, read-only, no permission, or something else in the way of ``path`` or
            of a folder above it. Errors about other files pass unchanged.
    """
    try:
        yield
    except OSError as error:
        code = error.errno
        if code not in _ADVICE or not _concerns(error, path):
            raise
        reason = os.strerror(code)
        reason = reason[:1].lower() + reason[1:]
        raise DataError(f"cannot write {path}: {reason}; {_ADVICE[code]}") from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder and move it to ``path`` when the body succeeds.

    For writers that want a path of their own (parquet, safetensors). Missing folders are created.
    The file is on the disk before it gets its name; if the body raises, ``path`` is untouched and
    the temporary file is removed.

    Raises:
        DataError: As :func:`write_errors`.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            _sync(temporary)
            os.replace(temporary, path)  # noqa: PTH105 - the one call that must be atomic
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def write_bytes_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``; raises DataError as :func:`write_errors`."""
    with replacing(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - takes the descriptor over
            stream.write(data)


def write_text_atomic(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8 with line ends as they are; raises as :func:`write_errors`."""
    write_bytes_atomic(path, text.encode())


def write_json_atomic(path: Path, value: Any, *, readable: bool = False) -> None:
    """Write a record or plain JSON data and a newline.

    Args:
        path: File to write.
        value: Pydantic record or JSON data; NaN and infinities are refused with ValueError.
        readable: Indent by two spaces instead of the canonical form; keys are sorted either way.

    Raises:
        DataError: As :func:`write_errors`.
    """
    if readable:
        plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        text = json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    else:
        text = canonical_json(value)
    write_text_atomic(path, text + "\n")


def sync_folder(folder: Path) -> None:
    """Bring the names in ``folder`` to the disk, so that a new file survives a power cut."""
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _concerns(error: OSError, path: Path) -> bool:
    """Tell whether ``error`` is about ``path``, its temporary file or a folder above it."""
    if error.filename is None or isinstance(error.filename, int):
        return True
    failed = Path(os.fsdecode(error.filename))
    temporary = failed.parent == path.parent and failed.name.startswith(f".{path.name}.")
    return failed == path or failed in path.parents or temporary
