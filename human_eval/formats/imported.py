"""What an import yields: questions, raw ratings, judges' replies, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass

from harness.core.ratings import Item, JudgeReply, LeftOut, Rating


@dataclass(frozen=True, slots=True)
class Imported:
    """Everything read from the files of one study, before any policy."""

    items: tuple[Item, ...]
    """Questions, in the order of their file."""
    ratings: tuple[Rating, ...]
    """At most one of each person for each item, in the order read."""
    replies: dict[str, tuple[JudgeReply, ...]]
    """Judge to its replies, at most one for each item."""
    left_out: tuple[LeftOut, ...]
    """Everything found and not used, with file, line or entry, and reason."""
