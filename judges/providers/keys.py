"""API keys: from the environment or a file, never shown."""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.progress import announce


def read_key(names: Sequence[str], keys: Path | None) -> str | None:
    """Return the first key found under one of ``names``, or None.

    Args:
        names: Names of the key, the preferred one first; each is looked up in the environment,
            then in the file.
        keys: File of ``NAME=value`` lines; blank lines, ``#`` comments, a leading ``export`` and
            quotes around a value are allowed.

    Raises:
        UsageError: if the file cannot be read or has another kind of line, or if a key holds
            characters that no key has. No message holds a key.
    """
    stored = _read_file(keys) if keys is not None else {}
    for name in names:
        for source, values in (("the environment", os.environ), (str(keys), stored)):
            value = values.get(name, "").strip()
            if value:
                if not value.isascii() or not value.isprintable() or " " in value:
                    raise UsageError(f"{name} in {source} holds characters that no API key has")
                return value
    return None


def _read_file(path: Path) -> dict[str, str]:
    """Return the keys of a file by name."""
    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
    except OSError as error:
        raise UsageError(f"cannot read the file of keys {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the file of keys {path} is not UTF-8 text") from error
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        _warn_readable(path)
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.strip().removeprefix("export ").strip()
        if not entry or entry.startswith("#"):
            continue
        name, equals, value = entry.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UsageError(f"{path}, line {number}: expected NAME=value")
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    """Return a value without the quotes around it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


@functools.cache
def _warn_readable(path: Path) -> None:
    """Say once per file that others can read it."""
    announce(f"warning: {path} can be read by other users of this machine: chmod 600 {path}")
