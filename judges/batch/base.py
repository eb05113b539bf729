"""What a provider's batch interface is: many questions handed in at once, answers hours later."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

from harness.core.errors import DataError
from harness.core.records import Call

Item: TypeAlias = tuple[str, dict[str, Any]]
"""Request key, which is the provider's custom id, and the body as it would be sent live."""

Stage: TypeAlias = Literal["running", "ended", "failed"]
"""Under way; finished, with results; or given up by the provider as a whole, without any."""

SUBMIT_TIMEOUT_S: Final = 900.0
"""Longest time that handing in one batch may take; 100 MB at 1 Mbit/s."""

REPLY_TIMEOUT_S: Final = 300.0
"""Longest wait for any other answer of the interface, tries again included."""

TRIES_AGAIN: Final = 2
"""How often the SDK repeats a call that may safely be made twice."""

CLOCK_SKEW_S: Final = 300.0
"""How far this machine's clock may be from the provider's."""

_ENVELOPE_BYTES: Final = 256
_LONGEST_REASON: Final = 500


class BatchRefusedError(DataError):
    """The provider answered with a refusal: what was asked for did not happen."""


class BatchUnreachableError(DataError):
    """No clear answer came: what was asked for may or may not have happened."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How much one batch may hold."""

    requests: int
    """Most questions."""
    bytes: int
    """Most bytes of all questions together, as they are sent."""


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a batch is."""

    stage: Stage
    """Whether it is under way, can be collected, or failed as a whole."""
    done: int = 0
    """Questions answered so far, if the provider says so before the end."""
    failed: int = 0
    """Questions that failed so far."""
    total: int = 0
    """Questions in the batch as the provider counts them."""
    error: str = ""
    """Why it failed as a whole, in the provider's words."""


class BatchProvider(Protocol):
    """A provider's batch interface for one model.

    Every method raises :class:`BatchRefusedError` if the provider says no (wrong key, unknown
    batch, malformed request), and :class:`BatchUnreachableError` if it says nothing or is
    overloaded.
    """

    limits: BatchLimits
    """How much one batch may hold."""

    async def submit(self, items: Sequence[Item], tag: str) -> str:
        """Hand in a batch, marked with ``tag`` where that is possible; return its id.

        It is tried once: a second try after a lost answer could be paid twice.
        """
        ...

    async def state(self, batch_id: str) -> BatchState:
        """Return how far a batch is."""
        ...

    def results(self, batch_id: str) -> AsyncIterator[tuple[str, Call]]:
        """Yield key and exchange of every question, in any order, once the batch has ended.

        Prices are not filled in; what was not answered is an ``api_error`` with the reason.
        """
        ...

    async def find(
        self, tag: str, keys: Sequence[str], since: float, known: frozenset[str]
    ) -> str | None:
        """Return the id of a batch that was handed in but whose id was never received, or None.

        Args:
            tag: What it was marked with.
            keys: Keys of its questions.
            since: Unix time in seconds just before it was handed in.
            known: Ids of the batches that are accounted for.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


def item_bytes(item: Item) -> int:
    """Return an upper bound of the bytes that one question takes up in a batch."""
    return len(json.dumps(item[1])) + _ENVELOPE_BYTES


def unanswered(reason: str, *, http_status: int = 0, request_id: str = "") -> Call:
    """Return the exchange of a question that a batch did not answer."""
    return Call(
        status="api_error",
        error=reason[:_LONGEST_REASON],
        http_status=http_status,
        request_id=request_id,
    )


def error_text(error: object) -> str:
    """Return ``code: message`` of an error object as both providers write it in results."""
    if not isinstance(error, Mapping):
        return str(error or "no reason given")
    inner = error.get("error")
    if isinstance(inner, Mapping):
        error = inner
    kind = error.get("code") or error.get("type")
    parts = [str(part) for part in (kind, error.get("message")) if part]
    return ": ".join(parts) or "no reason given"
