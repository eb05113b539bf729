"""In what a run was made otherwise than the published rates."""

from __future__ import annotations

from typing import Final

from harness.core.records import Record, RunSpec

PHRASES: Final = "Visual Genome region phrases, 2,992,117 lines"
"""Corpus of the published reference libraries."""

IMAGES: Final = "100 of PixMo-Cap, validation images 0 to 99"
"""Images of the published rates."""

WORDS: Final = 5
"""Words of a lens that the judge of the paper is shown."""

_BFLOAT16: Final = frozenset({"qwen2.5-vl-32b", "llava-next-34b", "molmo-72b"})
"""Models that the authors ran in bfloat16; the others in float16."""


class ProtocolDifference(Record):
    """One choice that was made otherwise."""

    aspect: str
    """What was chosen."""
    ours: str
    """Choice of the run."""
    theirs: str
    """Choice of the paper."""


def protocol_differences(
    spec: RunSpec, judge: str, published_judge: str, model: str
) -> tuple[ProtocolDifference, ...]:
    """Return the choices of a run that differ from those behind the published rates.

    Args:
        spec: The run.
        judge: The judge or panel compared.
        published_judge: Judge of the paper; asking it with little effort is what the paper did.
        model: Published name of the model compared with.
    """
    asked = published_judge if judge == f"{published_judge}:effort=low" else judge
    share = f"{spec.fraction:.4g} of " if spec.fraction < 1 else ""
    aspects = (
        ("judge", asked, published_judge),
        ("question to the judge", spec.protocol, "paper"),
        ("words per patch", str(spec.k), str(WORDS)),
        ("images", f"{len(spec.image_ids)} of {spec.images}", IMAGES),
        ("patches per image", str(spec.patches_per_image), "1, drawn at random in another way"),
        ("phrases of LatentLens", share + (spec.library or spec.corpus), PHRASES),
        ("forward pass", spec.dtype, "bfloat16" if model in _BFLOAT16 else "float16"),
        ("view of the image", spec.view, "global"),
        ("unreadable replies", "unscored", "counted as misses"),
    )
    return tuple(
        ProtocolDifference(aspect=aspect, ours=ours, theirs=theirs)
        for aspect, ours, theirs in aspects
        if ours != theirs
    )
