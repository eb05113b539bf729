"""The judge protocol: questions without lens names in, typed outcomes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.core.ids import digest
from harness.core.records import Call, Check, Judgement, RegionLabels, Relation, Status
from judges.protocols.base import JudgingProtocol

REQUEST_SCHEMA = 2


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """One blind question: how does each of these words relate to this region?"""

    key: str
    """Identity of the question, from :func:`request_key`."""
    patch_id: str
    """Patch asked about."""
    words: tuple[str, ...]
    """Words, or sentences with the word marked, in display order."""
    protocol: JudgingProtocol
    """How it is asked."""
    labels: RegionLabels | None = None
    """Ground truth of the patch, for judges that read labels; None if the images have none."""
    render: Callable[[], tuple[bytes, bytes]] | None = None
    """Draws the boxed canvas and the crop as PNG bytes, for judges that look at pixels."""


class Judge(Protocol):
    """A judge as the pipeline sees it."""

    name: str
    """Name as the run names it."""
    version: str
    """Hash of the model and its parameters, or of the rules; part of every request key."""
    needs_labels: bool
    """Whether it can only answer with ground-truth labels."""
    needs_pixels: bool
    """Whether it looks at the pictures; their bytes are then part of every request key."""

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield one judgement per request, in any order; failures are yielded with their status."""
        ...


def request_key(
    judge: str,
    version: str,
    patch_id: str,
    words: Sequence[str],
    *,
    prompt_hash: str = "",
    image_hash: str = "",
    check: Check = "",
) -> str:
    """Return the identity of a question; lens and layer are not part of it, so judging is blind.

    Args:
        judge: Name of the judge.
        version: Its version, which covers the model and its parameters.
        patch_id: Patch asked about.
        words: What is shown, in display order.
        prompt_hash: Hash of the protocol's wording and settings.
        image_hash: sha256 over the pictures shown; empty for a judge that looks at none.
        check: Why it is asked again; a repeated question has a key of its own.
    """
    parts = [judge, version, prompt_hash, patch_id, image_hash, list(words), check]
    return digest([REQUEST_SCHEMA, *parts])


def judgement(
    judge: Judge,
    request: JudgeRequest,
    status: Status,
    *,
    relations: Sequence[Relation] = (),
    raw: str = "",
    error: str = "",
    calls: Sequence[Call] = (),
    batch: str = "",
) -> Judgement:
    """Return the record of a judge's outcome on a request; usage and cost are summed over calls."""
    costs = [call.cost_usd for call in calls]
    return Judgement(
        key=request.key,
        judge=judge.name,
        judge_version=judge.version,
        patch_id=request.patch_id,
        words=request.words,
        status=status,
        relations=tuple(relations),
        raw=raw,
        error=error,
        snapshot=next((call.snapshot for call in reversed(calls) if call.snapshot), ""),
        input_tokens=sum(call.input_tokens for call in calls),
        output_tokens=sum(call.output_tokens for call in calls),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        latency_s=sum(call.latency_s for call in calls),
        batch=batch,
        calls=tuple(calls),
    )
