"""What the steps of one command share: the judge, its questions, the ledger and an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from harness.core.progress import announce
from judges.base import JudgeRequest
from judges.batch.base import BatchProvider
from judges.batch.deposits import Deposits
from judges.batch.ledger import Batch, BatchLedger

if TYPE_CHECKING:
    from judges.api import ApiJudge

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Session:
    """One judge's batches during one command."""

    judge: ApiJudge
    """Who is asked."""
    wanted: Mapping[str, JudgeRequest]
    """Questions without an answer by key."""
    ledger: BatchLedger
    """The run's batches, of all judges."""
    provider: BatchProvider
    """Where the batches go."""
    deposits: Deposits
    """Money set aside."""
    runner: asyncio.Runner
    """Event loop of all calls to the provider."""

    def batches(self) -> tuple[Batch, ...]:
        """Return the judge's batches in the order they were handed in."""
        return self.ledger.batches(self.judge.name, self.judge.version)

    def under_way(self) -> tuple[Batch, ...]:
        """Return the judge's batches that the provider has and nobody has collected."""
        return tuple(batch for batch in self.batches() if batch.event == "submitted")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do ``work`` in the event loop; Ctrl-C ends it and is raised here."""
        return self.runner.run(work)

    def tell(self, text: str, batch: Batch | None = None) -> None:
        """Announce something about the judge, or about one of its batches."""
        which = f" batch {batch.batch_id}:" if batch is not None else ""
        announce(f"judge {self.judge.name}:{which} {text}")


def clock_text(seconds: float) -> str:
    """Return a Unix time as date and time of day where the user is."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
