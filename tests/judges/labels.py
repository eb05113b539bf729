"""Labels of made-up regions, and questions about them."""

from __future__ import annotations

import io

from PIL import Image

from harness.core.records import Check, Entity, RegionLabels
from judges.base import Judge, JudgeRequest, request_key
from judges.protocols.registry import find_protocol
from judges.protocols.wording import prompt_hash

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
    *words: str,
    labels: RegionLabels | None = LABELS,
    patch_id: str = "p0",
    version: str = "v",
    protocol: str = "paper",
) -> JudgeRequest:
    """Return a question about ``words`` on a region with ``labels``."""
    return JudgeRequest(
        key=request_key("ground-truth", version, patch_id, words),
        patch_id=patch_id,
        words=words,
        protocol=find_protocol(protocol),
        labels=labels,
    )


def question(
    judge: Judge,
    words: tuple[str, ...],
    patch_id: str = "p0",
    *,
    protocol: str = "paper",
    check: Check = "",
    image_hash: str = "pixels",
) -> JudgeRequest:
    """Return a question as the pipeline puts it to ``judge``, with its key and two pictures.

    Args:
        judge: Judge it is for.
        words: Words in display order.
        patch_id: Patch asked about.
        protocol: Name of the protocol.
        check: Why it is asked again.
        image_hash: Hash of the pictures, which is part of the key if the judge looks at them.
    """
    asked = find_protocol(protocol)
    key = request_key(
        judge.name,
        judge.version,
        patch_id,
        words,
        prompt_hash=prompt_hash(asked),
        image_hash=image_hash if judge.needs_pixels else "",
        check=check,
    )
    return JudgeRequest(key, patch_id, words, asked, LABELS, pictures)


def pictures() -> tuple[bytes, bytes]:
    """Return a boxed picture and a crop as PNG."""
    return _png(64, 48, "green"), _png(20, 18, "red")


def _png(width: int, height: int, colour: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, "PNG")
    return stream.getvalue()
