"""A judge: only the name of what lies under the centre of the patch counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.core.records import Judgement, Relation, Status
from judges.base import JudgeRequest


class CentreJudge:
    """Calls a word concrete if it is the label under the centre of the patch, and else none."""

    name = "centre"
    version = "1"
    needs_labels = True

    def judge(self, requests: Sequence[JudgeRequest]) -> Iterator[Judgement]:
        """Yield one judgement per request; without labels it is a refusal, never a miss."""
        for request in requests:
            status: Status = "refusal"
            relations: tuple[Relation, ...] = ()
            if request.labels is not None:
                centre = request.labels.centre
                status = "ok"
                relations = tuple(
                    "concrete" if word.lower() == centre else "none" for word in request.words
                )
            yield Judgement(
                key=request.key,
                judge=self.name,
                judge_version=self.version,
                patch_id=request.patch_id,
                words=request.words,
                status=status,
                relations=relations,
                error="" if status == "ok" else "no labels for this image",
            )
