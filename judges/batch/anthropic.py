"""Anthropic's batch interface: requests in the call itself, results streamed once all is over.

Facts by the provider's reference (Message Batches): at most 100,000 requests and 256 MB per batch,
results in any order and kept for 29 days, what was not begun within 24 hours listed as expired. A
batch carries no mark of ours, so a lost one is told by its time, its size and its custom ids.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from harness.core.records import Call
from judges.batch.base import (
    CLOCK_SKEW_S,
    REPLY_TIMEOUT_S,
    SUBMIT_TIMEOUT_S,
    TRIES_AGAIN,
    BatchLimits,
    BatchState,
    Item,
    error_text,
    unanswered,
)
from judges.batch.failures import provider_errors
from judges.providers.live import LiveProvider

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types.messages import (
        MessageBatch,
        MessageBatchIndividualResponse,
        MessageBatchRequestCounts,
    )

_PAGE: Final = 100
_UNDONE: Final = {
    "expired": "the batch expired before this question was asked",
    "canceled": "the batch was cancelled before this question was asked",
}


class AnthropicBatches:
    """Batches of Messages calls.

    Args:
        provider: The live provider, which makes the client and reads the replies.
    """

    # Under half of what a batch may hold: it is in memory several times while it is sent.
    limits = BatchLimits(requests=100_000, bytes=100_000_000)

    def __init__(self, provider: LiveProvider) -> None:
        self._provider = provider

    async def submit(self, items: Sequence[Item], tag: str) -> str:
        """Create the batch in one call; ``tag`` has no place in it. See ``BatchProvider``."""
        requests: list[Any] = [{"custom_id": key, "params": body} for key, body in items]
        limit_s = SUBMIT_TIMEOUT_S
        async with provider_errors(self._provider, "take a batch", limit_s):
            client = self._client.with_options(max_retries=0)
            batch = await client.messages.batches.create(requests=requests, timeout=limit_s)
        return batch.id

    async def state(self, batch_id: str) -> BatchState:
        """Return how far a batch is; see ``BatchProvider``."""
        action = f"tell the state of batch {batch_id}"
        async with provider_errors(self._provider, action, REPLY_TIMEOUT_S):
            batch = await self._client.messages.batches.retrieve(batch_id)
        counts = batch.request_counts
        state = BatchState(
            stage="running",
            done=counts.succeeded,
            failed=counts.errored + counts.expired + counts.canceled,
            total=_total(counts),
        )
        if batch.processing_status != "ended":
            return state
        if batch.results_url:
            return BatchState("ended", state.done, state.failed, state.total)
        return BatchState("failed", error="its results are no longer kept")

    async def results(self, batch_id: str) -> AsyncIterator[tuple[str, Call]]:
        """Yield the lines of the results stream; see ``BatchProvider``."""
        action = f"send the results of batch {batch_id}"
        async with provider_errors(self._provider, action, SUBMIT_TIMEOUT_S):
            entries = [
                entry async for entry in await self._client.messages.batches.results(batch_id)
            ]
        for entry in entries:
            yield self._read(entry)

    async def find(
        self, tag: str, keys: Sequence[str], since: float, known: frozenset[str]
    ) -> str | None:
        """Return the batch of that time and size that no one else accounts for.

        The custom ids decide where a batch has ended; while it is under way they cannot be seen,
        and the one nearest to ``since`` is taken. See ``BatchProvider``.
        """
        under_way: list[tuple[float, str]] = []
        limit_s = REPLY_TIMEOUT_S
        async with provider_errors(self._provider, "list batches", limit_s):
            async for batch in self._client.messages.batches.list(limit=_PAGE):
                created = batch.created_at.timestamp()
                if created < since - CLOCK_SKEW_S:
                    break
                if batch.id in known or not _fits(batch, created, len(keys), since):
                    continue
                if batch.processing_status != "ended":
                    under_way.append((abs(created - since), batch.id))
                elif batch.results_url and await self._holds(batch.id, keys):
                    return batch.id
        return min(under_way)[1] if under_way else None

    async def close(self) -> None:
        """Close the client's connections."""
        await self._provider.close()

    @property
    def _client(self) -> AsyncAnthropic:
        client: AsyncAnthropic = self._provider.client()
        return client.with_options(max_retries=TRIES_AGAIN)

    async def _holds(self, batch_id: str, keys: Collection[str]) -> bool:
        """Tell whether the first result of an ended batch is one of ``keys``."""
        entries = await self._client.messages.batches.results(batch_id)
        try:
            async for entry in entries:
                return entry.custom_id in keys
        finally:
            await entries.close()
        return False

    def _read(self, entry: MessageBatchIndividualResponse) -> tuple[str, Call]:
        result = entry.result
        if result.type == "succeeded":
            call = self._provider.read(result.message.to_dict(mode="json"))
            return entry.custom_id, call.model_copy(update={"http_status": 200})
        if result.type == "errored":
            error = result.error.to_dict(mode="json")
            return entry.custom_id, unanswered(
                error_text(error), request_id=str(error.get("request_id") or "")
            )
        return entry.custom_id, unanswered(_UNDONE[result.type])


def _total(counts: MessageBatchRequestCounts) -> int:
    finished = counts.succeeded + counts.errored + counts.expired + counts.canceled
    return counts.processing + finished


def _fits(batch: MessageBatch, created: float, questions: int, since: float) -> bool:
    latest = since + SUBMIT_TIMEOUT_S + CLOCK_SKEW_S
    return created <= latest and _total(batch.request_counts) == questions
