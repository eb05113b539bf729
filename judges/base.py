"""The judge protocol: questions without lens names in, typed outcomes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.core.ids import digest
from harness.core.records import Judgement, RegionLabels

REQUEST_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """One blind question: do these words describe this region?"""

    key: str
    """Identity of the question, from :func:`request_key`."""
    patch_id: str
    """Patch asked about."""
    words: tuple[str, ...]
    """Words in display order."""
    labels: RegionLabels | None
    """Ground truth of the patch, for judges that read labels; None if the images have none."""
    render: Callable[[], tuple[bytes, bytes]] | None = None
    """Draws the boxed canvas and the crop as PNG bytes, for judges that look at pixels."""


class Judge(Protocol):
    """A judge as the pipeline sees it."""

    name: str
    """Registered name."""
    version: str
    """Model snapshot or rules hash; part of every request key."""
    needs_labels: bool
    """Whether it can only answer with ground-truth labels."""

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield one judgement per request, in any order; failures are yielded with their status."""
        ...


def request_key(judge: str, version: str, patch_id: str, words: Sequence[str]) -> str:
    """Return the identity of a question; lens and layer are not part of it, so judging is blind.

    ``patch_id`` already contains the image's sha256 and the cell, and with ``version`` (which
    covers prompt and rendering) fixes the pixels shown.
    """
    return digest([REQUEST_SCHEMA, judge, version, patch_id, list(words)])
