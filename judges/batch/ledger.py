"""Which batches were handed in, and what became of them: written before and after each step.

The order of events makes a kill harmless. A batch is written down as intended before it is handed
in, so that a batch whose id was never received is looked for and not paid twice; it is written
down as collected after its answers were taken, so that answers are fetched again rather than lost.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import ValidationError

from harness.core.errors import DataError
from harness.core.ids import digest
from harness.core.journal import Journal
from harness.core.records import Record

Event: TypeAlias = Literal["intent", "submitted", "collected", "failed"]


class BatchRecord(Record):
    """One event in the life of a batch."""

    schema_version: int = 1
    """Version of this record's layout."""
    event: Event
    """About to be handed in; received by the provider; answers taken; or over without answers."""
    tag: str
    """Our name of the batch, given before the provider has one for it."""
    at: float
    """Unix time in seconds."""
    judge: str = ""
    """Name of the judge, of an intent."""
    judge_version: str = ""
    """Its version, of an intent."""
    keys: tuple[str, ...] = ()
    """Keys of the questions, of an intent."""
    worst_usd: float | None = None
    """Most that the batch can cost in US dollars, of an intent; None if it is not known."""
    batch_id: str = ""
    """The provider's id, of a submission."""
    unanswered: tuple[str, ...] = ()
    """Keys that got no usable answer, of a collection."""
    reason: str = ""
    """What went wrong, of a failure."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as its events leave it."""

    tag: str
    """Our name of it."""
    judge: str
    """Name of the judge that asks."""
    judge_version: str
    """Its version."""
    keys: tuple[str, ...]
    """Keys of the questions."""
    since: float
    """Unix time in seconds just before it was handed in."""
    worst_usd: float | None
    """Most that it can cost in US dollars; None if that is not known."""
    event: Event = "intent"
    """The last that happened to it."""
    batch_id: str = ""
    """The provider's id; empty until it is known."""
    unanswered: frozenset[str] = frozenset()
    """Keys that got no usable answer, once it is collected."""

    @property
    def open(self) -> bool:
        """Whether its answers are still to come."""
        return self.event in ("intent", "submitted")


class BatchLedger:
    """The batches of a run in an append-only journal.

    Args:
        path: File of the journal; created by the first batch.
        clock: Returns Unix time in seconds.

    Raises:
        DataError: A line of the file is no event of a batch; file and line number are named.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.clock = clock
        self._journal = Journal(path)
        self._batches: dict[str, Batch] = {}
        for number, row in enumerate(self._journal.records(), start=1):
            self._replay(number, row)

    def batches(self, judge: str, judge_version: str) -> tuple[Batch, ...]:
        """Return all batches of one judge in the order they were handed in."""
        return tuple(
            batch
            for batch in self._batches.values()
            if (batch.judge, batch.judge_version) == (judge, judge_version)
        )

    def known_ids(self) -> frozenset[str]:
        """Return the provider's ids of all batches, of every judge."""
        return frozenset(batch.batch_id for batch in self._batches.values() if batch.batch_id)

    def intend(
        self, judge: str, judge_version: str, keys: Sequence[str], worst_usd: float | None
    ) -> Batch:
        """Write down that a batch is about to be handed in, and return it with a new tag."""
        now = self.clock()
        tag = digest([judge, judge_version, list(keys), now, len(self._batches)])
        return self._write(
            BatchRecord(
                event="intent",
                tag=tag,
                at=now,
                judge=judge,
                judge_version=judge_version,
                keys=tuple(keys),
                worst_usd=worst_usd,
            )
        )

    def submitted(self, batch: Batch, batch_id: str) -> Batch:
        """Write down the provider's id of a batch."""
        return self._write(self._event(batch, "submitted", batch_id=batch_id))

    def collected(self, batch: Batch, unanswered: Collection[str]) -> Batch:
        """Write down that the answers of a batch were taken, and what got none."""
        return self._write(self._event(batch, "collected", unanswered=tuple(sorted(unanswered))))

    def failed(self, batch: Batch, reason: str) -> Batch:
        """Write down that a batch is over and gave no answers; its questions are free again."""
        return self._write(self._event(batch, "failed", reason=reason))

    def close(self) -> None:
        """Close the file; a later event opens it again."""
        self._journal.close()

    def _event(
        self,
        batch: Batch,
        event: Event,
        *,
        batch_id: str = "",
        unanswered: tuple[str, ...] = (),
        reason: str = "",
    ) -> BatchRecord:
        return BatchRecord(
            event=event,
            tag=batch.tag,
            at=self.clock(),
            batch_id=batch_id,
            unanswered=unanswered,
            reason=reason,
        )

    def _write(self, record: BatchRecord) -> Batch:
        self._journal.append(record)
        return self._apply(record)

    def _replay(self, number: int, row: dict[str, object]) -> None:
        try:
            record = BatchRecord.model_validate(row)
            self._apply(record)
        except (ValidationError, KeyError) as error:
            raise DataError(
                f"{self.path}, line {number}: not an event of a batch; restore the file, or "
                "remove it to hand in all unanswered questions again"
            ) from error

    def _apply(self, record: BatchRecord) -> Batch:
        if record.event == "intent":
            batch = Batch(
                tag=record.tag,
                judge=record.judge,
                judge_version=record.judge_version,
                keys=record.keys,
                since=record.at,
                worst_usd=record.worst_usd,
            )
        else:
            before = self._batches[record.tag]
            batch = dataclasses.replace(
                before,
                event=record.event,
                batch_id=record.batch_id or before.batch_id,
                unanswered=frozenset(record.unanswered),
            )
        self._batches[record.tag] = batch
        return batch
