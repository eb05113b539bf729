"""Errors that a user can act on: one clear line each, with the exit code of the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LensbenchError(Exception):
    """A failure with a message that names the argument, the value and what would be accepted."""

    exit_code: int = 1


class UsageError(LensbenchError):
    """The request itself is wrong (unknown name, bad value): nothing was started."""

    exit_code: int = 2


class DataError(LensbenchError):
    """An input or a stored artefact is unreadable, changed or inconsistent."""


class MismatchError(DataError):
    """Two artefacts that must belong together (model, library, readout, spec) do not."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for an unknown ``name`` of ``kind``: near names first, then all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return UsageError(f"unknown {kind} {name!r}: {hint}known: {', '.join(names)}")
