"""A judge: only the name of what lies under the centre of the patch counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.core.records import Judgement, Relation
from judges.base import JudgeRequest, judgement


class CentreJudge:
    """Calls a word concrete if it is the label under the centre of the patch, and else none."""

    name = "centre"
    version = "1"
    needs_labels = True
    needs_pixels = False

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield one judgement per request; without labels it is a refusal, never a miss."""
        for request in requests:
            if request.labels is None:
                yield judgement(self, request, "refusal", error="no labels for this image")
                continue
            centre = request.labels.centre
            relations: list[Relation] = [
                "concrete" if word.lower() == centre else "none" for word in request.words
            ]
            yield judgement(self, request, "ok", relations=relations)
