"""OpenAI's batch interface: a file of requests in, a file of answers and one of errors out.

Facts by the provider's reference (Batch API): at most 50,000 requests and 200 MB per file, results
in any order, what was not answered within 24 hours listed in the error file as ``batch_expired``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
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
    Stage,
    error_text,
    unanswered,
)
from judges.batch.failures import provider_errors
from judges.providers.failures import Asked, HttpError, http_failure
from judges.providers.live import LiveProvider
from judges.providers.payload import count_at, member, text_at

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import Batch

ENDPOINT: Final = "/v1/responses"
TAG: Final = "lensbench"
"""Name of our tag in a batch's metadata."""

_OVER: Final = frozenset({"completed", "expired", "cancelled"})
_PAGE: Final = 100


class OpenAIBatches:
    """Batches of Responses calls.

    Args:
        provider: The live provider, which makes the client and reads the replies.
    """

    # Half of what a file may hold: it is in memory several times while it is sent.
    limits = BatchLimits(requests=50_000, bytes=100_000_000)

    def __init__(self, provider: LiveProvider) -> None:
        self._provider = provider

    async def submit(self, items: Sequence[Item], tag: str) -> str:
        """Upload the requests as a file and create the batch; see ``BatchProvider``."""
        data = b"".join(_line(key, body) for key, body in items)
        async with provider_errors(self._provider, "take a batch", SUBMIT_TIMEOUT_S):
            file = await self._client.files.create(
                file=(f"{TAG}-{tag[:16]}.jsonl", data, "application/jsonl"),
                purpose="batch",
                timeout=SUBMIT_TIMEOUT_S,
            )
            batch = await self._client.with_options(max_retries=0).batches.create(
                input_file_id=file.id,
                endpoint=ENDPOINT,
                completion_window="24h",
                metadata={TAG: tag},
            )
        return batch.id

    async def state(self, batch_id: str) -> BatchState:
        """Return how far a batch is; see ``BatchProvider``."""
        batch = await self._retrieve(batch_id)
        counts = batch.request_counts
        stage = _stage(batch)
        return BatchState(
            stage=stage,
            done=counts.completed if counts else 0,
            failed=counts.failed if counts else 0,
            total=counts.total if counts else 0,
            error=_whole_error(batch) if stage == "failed" else "",
        )

    async def results(self, batch_id: str) -> AsyncIterator[tuple[str, Call]]:
        """Yield the lines of the answer file, then those of the error file."""
        batch = await self._retrieve(batch_id)
        for file_id in (batch.output_file_id, batch.error_file_id):
            if not file_id:
                continue
            action = f"send the results of batch {batch_id}"
            async with provider_errors(self._provider, action, SUBMIT_TIMEOUT_S):
                content = (await self._client.files.content(file_id)).content
                # Bytes, because a JSON string may hold other line ends (U+2028).
                lines = [json.loads(line) for line in content.split(b"\n") if line.strip()]
            for line in lines:
                yield self._read(line)

    async def find(
        self, tag: str, keys: Sequence[str], since: float, known: frozenset[str]
    ) -> str | None:
        """Return the batch whose metadata holds ``tag``; see ``BatchProvider``."""
        async with provider_errors(self._provider, "list batches", REPLY_TIMEOUT_S):
            async for batch in self._client.batches.list(limit=_PAGE):
                if batch.created_at < since - CLOCK_SKEW_S:
                    break
                if (batch.metadata or {}).get(TAG) == tag:
                    return batch.id
        return None

    async def close(self) -> None:
        """Close the client's connections."""
        await self._provider.close()

    @property
    def _client(self) -> AsyncOpenAI:
        client: AsyncOpenAI = self._provider.client()
        return client.with_options(max_retries=TRIES_AGAIN)

    async def _retrieve(self, batch_id: str) -> Batch:
        action = f"tell the state of batch {batch_id}"
        async with provider_errors(self._provider, action, REPLY_TIMEOUT_S):
            return await self._client.batches.retrieve(batch_id)

    def _read(self, line: Any) -> tuple[str, Call]:
        key = text_at(line, "custom_id")
        status = count_at(line, "response", "status_code")
        request_id = text_at(line, "response", "request_id")
        body = member(line, "response", "body")
        if member(line, "error") or not isinstance(body, Mapping):
            reason = error_text(member(line, "error") or body)
            return key, unanswered(reason, http_status=status, request_id=request_id)
        if status != HTTPStatus.OK:
            return key, self._error(status, request_id, body)
        call = self._provider.read(body)
        return key, call.model_copy(update={"http_status": status, "request_id": request_id})

    def _error(self, status: int, request_id: str, body: Mapping[str, Any]) -> Call:
        """Return what an error reply to one question means, as for a live call."""
        live = self._provider
        asked = Asked(live.name, live.model, live.key_names, live.key())
        error = HttpError(status, {"x-request-id": request_id}, json.dumps(body))
        return http_failure(asked, error, latency_s=0.0, now=0.0).call


def _line(key: str, body: Mapping[str, Any]) -> bytes:
    request = {"custom_id": key, "method": "POST", "url": ENDPOINT, "body": body}
    return json.dumps(request, separators=(",", ":")).encode() + b"\n"


def _stage(batch: Batch) -> Stage:
    if batch.status == "failed":
        return "failed"
    if batch.status not in _OVER:
        return "running"
    return "ended" if batch.output_file_id or batch.error_file_id else "failed"


def _whole_error(batch: Batch) -> str:
    listed = batch.errors.data if batch.errors and batch.errors.data else []
    reasons = [error_text(error.to_dict()) for error in listed[:3]]
    return "; ".join(reasons) or f"{batch.status} without any result"
