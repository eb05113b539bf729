"""What the exchanges made for a question come to, read by its protocol."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.records import Call, Judgement
from judges.base import Judge, JudgeRequest, judgement
from judges.protocols.reading import read_reply


def outcome(
    judge: Judge, request: JudgeRequest, calls: Sequence[Call], batch: str = ""
) -> Judgement:
    """Return the judgement that the last of some exchanges gives.

    Args:
        judge: Who was asked.
        request: The question.
        calls: Every exchange made for it, priced, in order; at least one.
        batch: Batch that they came in; empty for live calls.
    """
    last = calls[-1]
    if last.status != "ok":
        return judgement(
            judge,
            request,
            last.status,
            raw=last.raw,
            error=_reason(last, len(calls)),
            calls=calls,
            batch=batch,
        )
    reading = read_reply(request.protocol, request.words, last.raw)
    return judgement(
        judge,
        request,
        reading.status,
        relations=reading.relations,
        raw=last.raw,
        error=reading.error,
        calls=calls,
        batch=batch,
    )


def _reason(last: Call, calls: int) -> str:
    """Return why the last of some calls failed."""
    error = last.error or f"the reply is {last.status}"
    return error if calls == 1 else f"{error} (last of {calls} calls)"
