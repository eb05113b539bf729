"""Collects what is read from label files, and everything that is left out, entry by entry."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from harness.core.errors import DataError, LensbenchError
from harness.core.ratings import Item, LeftOut, Rating
from human_eval.formats.duplicates import settled
from human_eval.formats.reading import CutOffError, Files, excerpt, files_of, place
from human_eval.formats.reasons import (
    OTHER_FILE,
    TRUNCATED_FILE,
    UNKNOWN_ITEM,
    UNREADABLE_ENTRY,
    UNREADABLE_FILE,
)


class EntryError(Exception):
    """One entry of a file cannot be used; the others can.

    Args:
        reason: One of :mod:`human_eval.formats.reasons`.
        detail: What was found and what would be accepted, in one line.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Intake:
    """Ratings read so far, and what was left out of their files.

    Args:
        elsewhere: Files named as something else than labels, which may lie in the same folder.
    """

    def __init__(self, elsewhere: Iterable[Path] = ()) -> None:
        self._elsewhere = frozenset(path.resolve() for path in elsewhere)
        self.left_out: list[LeftOut] = []
        self._ratings: list[tuple[str, Rating]] = []

    def add(self, file: Path, rating: Rating) -> None:
        """Take one rating in, with the file it was read from."""
        self._ratings.append((str(file), rating))

    def leave(
        self, reason: str, source: str, detail: str = "", *, item_id: str = "", annotator: str = ""
    ) -> None:
        """Take down one thing that is not used."""
        self.left_out.append(
            LeftOut(
                reason=reason, source=source, item_id=item_id, annotator=annotator, detail=detail
            )
        )

    @contextlib.contextmanager
    def entry(
        self, source: str, *, item_id: str = "", annotator: str = "", fault: str = UNREADABLE_ENTRY
    ) -> Iterator[None]:
        """Read one entry in the body; if it cannot be used, it is left out and reading goes on.

        Args:
            source: File, and line or entry.
            item_id: Item concerned.
            annotator: Person concerned.
            fault: Reason to give where a record made of the entry is not valid.
        """
        try:
            yield
        except EntryError as error:
            reason, detail = error.reason, error.detail
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "whole"
            reason, detail = fault, f"{excerpt(field)}: {excerpt(first['msg'])}"
        else:
            return
        self.leave(reason, source, detail, item_id=item_id, annotator=annotator)

    def files(
        self, path: Path, patterns: Sequence[str], *, beside: Sequence[str] = ()
    ) -> Iterator[tuple[Path, contextlib.AbstractContextManager[None]]]:
        """Yield every label file with a context to read it in.

        In a folder, a file that cannot be read is left out; a single one raises.

        Raises:
            UsageError: There is no such file or folder.
            DataError: The folder holds no label file.
        """
        files = files_of(path, patterns, beside=beside, elsewhere=self._elsewhere)
        for other in files.others:
            self.leave(OTHER_FILE, place(other), f"expected {' or '.join(patterns)}")
        for file in files.found:
            yield file, self._file(file, files)

    def finished(self, labels: Sequence[Path]) -> tuple[Rating, ...]:
        """Return the ratings that count: one of each person for each item.

        Raises:
            DataError: None is left.
        """
        kept, left = settled(self._ratings)
        self.left_out.extend(left)
        if not kept:
            counts = Counter(entry.reason for entry in self.left_out)
            why = ", ".join(f"{count} x {reason}" for reason, count in sorted(counts.items()))
            named = ", ".join(place(path) for path in labels)
            first = self.left_out[0] if self.left_out else None
            example = f"; first: {first.source}: {first.detail or first.reason}" if first else ""
            raise DataError(f"no rating in {named} can be used: {why or 'there is none'}{example}")
        return kept

    @contextlib.contextmanager
    def _file(self, file: Path, files: Files) -> Iterator[None]:
        try:
            yield
        except LensbenchError as error:
            if not files.folder:
                raise
            reason = TRUNCATED_FILE if isinstance(error, CutOffError) else UNREADABLE_FILE
            self.leave(reason, place(file), str(error))


def asked(items: Mapping[str, Item], item_id: str) -> Item:
    """Return the item of that identity.

    Raises:
        EntryError: There is none.
    """
    if item_id not in items:
        detail = f"{excerpt(item_id)} is none of the {len(items)} items" if item_id else "no item"
        raise EntryError(UNKNOWN_ITEM, detail)
    return items[item_id]
