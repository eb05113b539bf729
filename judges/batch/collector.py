"""Collecting batches that have ended, so that no answer is lost or taken for another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

from harness.core.errors import DataError
from harness.core.records import Call, Judgement
from judges.batch.base import BatchRefusedError, BatchState, BatchUnreachableError, unanswered
from judges.batch.ledger import Batch
from judges.batch.session import Session, clock_text
from judges.prices import call_cost


class Collector:
    """Takes the answers of batches that have ended.

    Args:
        session: The judge and its questions.
        patient: Whether a provider that cannot be reached is asked again later.
    """

    def __init__(self, session: Session, *, patient: bool) -> None:
        self._session = session
        self._patient = patient
        self._price = session.judge.settings.prices.find(session.judge.provider.model)
        self._states: dict[str, BatchState] = {}
        self._told: set[str] = set()
        self.taken: set[str] = set()
        """Keys of the judgements that were yielded."""

    def ended(self) -> Iterator[Judgement]:
        """Yield the judgements of every batch that has ended by now."""
        for batch in self._session.batches():
            if self._is_due(batch):
                yield from self._look(batch)

    def all(self, poll_s: float) -> Iterator[Judgement]:
        """Yield the judgements of all batches under way as they end, looking every ``poll_s`` s."""
        session = self._session
        try:
            while batches := session.under_way():
                for batch in batches:
                    yield from self._look(batch)
                if session.under_way():
                    session.run(asyncio.sleep(poll_s))
        except KeyboardInterrupt:
            self.report()
            raise

    def report(self) -> None:
        """Announce every batch that is under way."""
        for batch in self._session.under_way():
            state = self._states.get(batch.batch_id)
            done = f", {state.done} of them answered" if state and state.done else ""
            self._session.tell(
                f"{len(batch.keys)} questions under way since {clock_text(batch.since)}{done}; "
                "the same command collects the answers, within 24 hours as a rule",
                batch,
            )

    def _is_due(self, batch: Batch) -> bool:
        """Tell whether a batch has answers that were never taken, or were lost afterwards."""
        if batch.event == "collected":
            answered = set(batch.keys) - batch.unanswered
            return not answered.isdisjoint(self._session.wanted)
        return batch.event == "submitted"

    def _look(self, batch: Batch) -> Iterator[Judgement]:
        """Yield a batch's judgements if it has ended; free its questions if it failed."""
        session = self._session
        results: list[tuple[str, Call]] = []
        try:
            state = session.run(session.provider.state(batch.batch_id))
            if state.stage == "ended":
                results = session.run(_drained(session.provider.results(batch.batch_id)))
        except BatchUnreachableError as error:
            if not self._patient:
                raise
            self._tell_once(f"{error}; trying again")
            return
        except BatchRefusedError as error:
            raise DataError(
                f"{error}; if batch {batch.batch_id} is lost for good, remove "
                f"{session.ledger.path} and all unanswered questions are handed in again"
            ) from error
        if self._patient and state != self._states.get(batch.batch_id):
            session.tell(_progress(state, len(batch.keys)), batch)
        self._states[batch.batch_id] = state
        if state.stage == "failed":
            self._fail(batch, state.error)
        elif state.stage == "ended":
            yield from self._take(batch, results)

    def _take(self, batch: Batch, results: Sequence[tuple[str, Call]]) -> Iterator[Judgement]:
        """Yield the judgements of a batch's results, then write it down as collected."""
        replies = dict(reversed(results))
        if replies and replies.keys().isdisjoint(batch.keys):
            self._fail(batch, "its results belong to other questions")
            return
        left: set[str] = set()
        costs: list[float | None] = []
        passed_over = 0
        for key in dict.fromkeys([*replies, *batch.keys]):
            call = replies.get(key) or unanswered("the batch ended without a result for this")
            call = call.model_copy(update={"cost_usd": call_cost(self._price, call, batch=True)})
            answered = call.status == "ok"
            request = self._session.wanted.get(key)
            if request is None:
                passed_over += key in replies
            else:
                judgement = self._session.judge.outcome(request, [call], batch=batch.batch_id)
                answered = judgement.status == "ok"
                costs.append(judgement.cost_usd)
                self.taken.add(key)
                yield judgement
            if not answered:
                left.add(key)
        left.intersection_update(batch.keys)
        self._session.ledger.collected(batch, left)
        self._session.deposits.settle(batch.tag, costs)
        self._session.tell(_summary(len(batch.keys), len(left), passed_over), batch)

    def _fail(self, batch: Batch, reason: str) -> None:
        self._session.ledger.failed(batch, reason)
        self._session.deposits.settle(batch.tag, [])
        self._session.tell(f"failed as a whole: {reason}; its questions are free again", batch)

    def _tell_once(self, text: str) -> None:
        """Announce what goes wrong at every look only when it begins or changes."""
        if text not in self._told:
            self._told.add(text)
            self._session.tell(text)


async def _drained(results: AsyncIterator[tuple[str, Call]]) -> list[tuple[str, Call]]:
    """Return all results, so that a connection that breaks leaves nothing half taken."""
    return [result async for result in results]


def _progress(state: BatchState, total: int) -> str:
    failed = f", {state.failed} failed" if state.failed else ""
    return f"{state.stage}, {state.done} of {state.total or total} answered{failed}"


def _summary(total: int, left: int, passed_over: int) -> str:
    text = f"collected: {total - left} of {total} questions answered"
    if left:
        text += ", the same command asks the others again"
    if passed_over:
        text += (
            f"; {passed_over} replies belong to no open question (answered before, or no longer "
            "asked) and were passed over"
        )
    return text
