"""Labels of made-up regions."""

from __future__ import annotations

from harness.core.records import Entity, RegionLabels
from judges.base import JudgeRequest, request_key

DOG = Entity(
    kind="dog",
    hypernyms=("animal",),
    parts=("tail", "eye"),
    colour="red",
    material="striped",
    coverage=0.5,
)
GRASS = Entity(kind="grass", background=True, coverage=0.4)
BOAT = Entity(
    kind="boat",
    hypernyms=("vehicle",),
    parts=("sail",),
    colour="blue",
    material="wooden",
    coverage=0.2,
)
SKY = Entity(kind="sky", background=True, coverage=0.3)

LABELS = RegionLabels(inside=(DOG, GRASS), everywhere=(DOG, GRASS, BOAT, SKY), centre="dog")


def request(
    *words: str, labels: RegionLabels | None = LABELS, patch_id: str = "p0", version: str = "v"
) -> JudgeRequest:
    """Return a question about ``words`` on a region with ``labels``."""
    return JudgeRequest(
        key=request_key("ground-truth", version, patch_id, words),
        patch_id=patch_id,
        words=words,
        labels=labels,
    )
