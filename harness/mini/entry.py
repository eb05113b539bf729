"""The bundled models as registry entries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from harness.vlms.registry import VlmEntry

WEIGHTS: Final = Path(__file__).parent / "weights"
CORPUS: Final = Path(__file__).parent / "corpus.txt.gz"
"""The reference corpus: phrases of the grammar, none of them a caption of a held-out scene."""

_CARD: Final = "evaluation.json"
_PARAMETERS: Final = 0.0063
"""Billions."""


def _gates(path: Path) -> str:
    """Return one sentence on the measured quality of the weights in ``path``."""
    card = path / _CARD
    if not card.exists():  # freshly trained weights, before train --evaluate
        return "Its quality has not been measured."
    figures = json.loads(card.read_text(encoding="utf-8"))
    met = "all gates met" if figures["passed"] else "NOT all gates met"
    return (
        f"On {figures['scenes']} held-out scenes its captions name {figures['recall']:.0%} of the "
        f"objects (other scenes' captions: {figures['chance']:.0%}) and a linear probe names the "
        f"object under {figures['probe']:.0%} of the patches ({met})."
    )


def _entry(name: str, summary: str, training: str) -> VlmEntry:
    path = WEIGHTS / name
    return VlmEntry(
        name=name,
        source=path,
        family="llava",
        summary=summary,
        provenance=f"{training} {_gates(path)}",
        parameters=_PARAMETERS,
        verified="everything: trained, measured and run here, figures in its model card",
        layers=8,
        hidden=192,
        grid=(9, 9),
        domain="scenes:",
        outside=(
            "This miniature was trained on drawn picture-book scenes and never on photographs; on "
            "these images its words show what it mistakes them for, not what a lens can do."
        ),
    )


MINI: Final = _entry(
    "mini",
    "bundled miniature, all parts trained together on drawn picture-book scenes",
    "A bundled miniature (8 blocks, width 192), trained by this project on drawn picture-book "
    "scenes and texts of their grammar only; it has never seen a photograph.",
)
"""Encoder, projector and language model trained jointly, as off-the-shelf models are."""

MINI_FROZEN: Final = _entry(
    "mini-frozen",
    "bundled miniature, only the projector trained between a frozen encoder and language model",
    "A bundled miniature (8 blocks, width 192) by the controlled recipe: encoder and language "
    "model were trained apart on drawn picture-book scenes and texts of their grammar and frozen, "
    "and only the projector between them was trained; it has never seen a photograph.",
)
"""Only the projector trained on pictures, as in the paper's controlled models."""
