"""Where the annotation server keeps answers: one SQLite file to which rows are only ever added."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from pydantic import ValidationError

from harness.core.errors import DataError, MismatchError
from harness.core.files import TEMPORARY_SUFFIX, sync_folder, write_errors
from harness.core.ratings import Rating
from human_eval.study import Study
from human_eval.submissions import Event, Submission, check_submission

STORE_FILE: Final = "ratings.sqlite"
"""The store in the folder of its study."""

_PATIENCE_S: Final = 30.0
"""How long a write waits for one of another process."""

_SCHEMA: Final = """
CREATE TABLE study (study TEXT NOT NULL);
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    study TEXT NOT NULL,
    annotator TEXT NOT NULL,
    item_id TEXT NOT NULL,
    state TEXT NOT NULL,
    relations TEXT NOT NULL,
    seconds REAL,
    at TEXT NOT NULL,
    received TEXT NOT NULL,
    session TEXT NOT NULL
);
CREATE INDEX events_of_item ON events (annotator, item_id, number);
CREATE TRIGGER events_stay BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'rows are only ever added'); END;
CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'rows are only ever added'); END;
"""

_COLUMNS: Final = "number, annotator, item_id, state, relations, seconds, at, received, session"
_HISTORY: Final = f"SELECT {_COLUMNS} FROM events ORDER BY number"
_LATEST: Final = f"""
SELECT {_COLUMNS} FROM events
WHERE number IN (SELECT MAX(number) FROM events GROUP BY annotator, item_id)
AND state != 'withdrawn' ORDER BY annotator, number
"""
_LATEST_OF_ONE: Final = f"""
SELECT {_COLUMNS} FROM events
WHERE number IN (SELECT MAX(number) FROM events WHERE annotator = ? GROUP BY item_id)
AND state != 'withdrawn' ORDER BY number
"""


class Store:
    """The answers to one study; threads may share it, and processes may open the same file.

    An answer is on the disk when :meth:`append` returns. A later answer to an item replaces an
    earlier one of the same person, and both stay in :meth:`history`. While the store is open its
    newest rows lie in a second file beside it (SQLite's write-ahead log), so copy the folder and
    not the one file.

    Args:
        path: File of the store; it is created, with its folders, if there is none.
        study: The study that is answered.

    Raises:
        MismatchError: The file holds answers to another study.
        DataError: It cannot be read or created.
    """

    def __init__(self, path: Path, study: Study) -> None:
        self.path = path
        self._study = study
        self._lock = threading.Lock()
        if not path.exists():
            _create(path, study.study_id)
        with self._errors("open"):
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=_PATIENCE_S,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            self._check_study()
        except DataError:
            self._connection.close()
            raise

    def append(self, annotator: str, submission: Submission) -> Event:
        """Store a submission and wait until it is on the disk.

        Raises:
            UsageError: As :func:`human_eval.submissions.check_submission`; nothing is stored.
            DataError: The disk is full or read-only; nothing is stored.
        """
        check_submission(self._study, annotator, submission)
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        row = (
            self._study.study_id,
            annotator,
            submission.item_id,
            submission.state,
            json.dumps(submission.relations),
            submission.seconds,
            submission.at,
            now,
            submission.session,
        )
        with self._lock, self._errors("write"):
            cursor = self._connection.execute(
                "INSERT INTO events (study, annotator, item_id, state, relations, seconds, at, "
                "received, session) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            number = cursor.lastrowid
        return Event.model_validate(
            submission.model_dump() | {"annotator": annotator, "number": number, "received": now}
        )

    def latest(self, annotator: str) -> tuple[Rating, ...]:
        """Return the ratings of one person that stand, in the order in which they were stored.

        Raises:
            DataError: The file cannot be read.
        """
        return self._ratings(self._events(_LATEST_OF_ONE, annotator))

    def ratings(self) -> tuple[Rating, ...]:
        """Return the ratings of all people that stand, by name, then as :meth:`latest`.

        Raises:
            DataError: The file cannot be read.
        """
        return self._ratings(self._events(_LATEST))

    def history(self) -> tuple[Event, ...]:
        """Return everything that was ever stored, in its order.

        Raises:
            DataError: The file cannot be read.
        """
        return tuple(self._events(_HISTORY))

    def close(self) -> None:
        """Close the file; nothing may be asked of the store afterwards."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _check_study(self) -> None:
        """Refuse a file that is no store, or one of another study; make every commit wait."""
        with self._errors("read"):
            self._connection.execute("PRAGMA synchronous = FULL")
            row = self._connection.execute("SELECT study FROM study").fetchone()
            self._connection.execute(f"{_HISTORY} LIMIT 1").fetchone()
        found = row[0] if row else "no study"
        if found != self._study.study_id:
            raise MismatchError(
                f"{self.path} holds answers to study {found}, not {self._study.study_id}: "
                "name its own folder, or move the file away to begin anew"
            )

    def _events(self, query: str, *values: str) -> list[Event]:
        with self._lock, self._errors("read"):
            rows = self._connection.execute(query, values).fetchall()
        return [self._event(row) for row in rows]

    def _event(self, row: tuple[Any, ...]) -> Event:
        number, annotator, item_id, state, relations, seconds, at, received, session = row
        try:
            return Event(
                number=number,
                annotator=annotator,
                item_id=item_id,
                state=state,
                relations=tuple(json.loads(relations)),
                seconds=seconds,
                at=at,
                received=received,
                session=session,
            )
        except (TypeError, ValueError, ValidationError) as error:
            raise DataError(
                f"{self.path}, row {number} of events was changed by hand: it is no answer"
            ) from error

    def _ratings(self, events: Iterable[Event]) -> tuple[Rating, ...]:
        found = (event.rating(f"{self.path.name}, row {event.number}") for event in events)
        return tuple(rating for rating in found if rating is not None)

    @contextlib.contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise DataError(
                f"cannot {doing} {self.path}: {error}; expected a readable and writable store of "
                "answers in a folder with free space"
            ) from error


def _create(path: Path, study_id: str) -> None:
    """Make an empty store under another name and link it: a store that exists is whole.

    Of two processes that do so at once, one makes the store and both use it.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as made:
                made.execute("PRAGMA journal_mode = WAL")
                made.executescript(_SCHEMA)
                made.execute("INSERT INTO study VALUES (?)", (study_id,))
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
        except sqlite3.Error as error:
            raise DataError(f"cannot create {path}: {error}") from error
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
