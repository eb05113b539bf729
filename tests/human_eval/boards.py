"""Made-up boards to draw from: every lens and control at every layer on every patch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.core.records import LensKind
from human_eval.candidates import Candidate, Verdict

LENSES: Mapping[str, LensKind] = {
    "embedding": "lens",
    "latent": "lens",
    "logit": "lens",
    "random": "control",
    "shuffled": "control",
}
LAYERS = (0, 1, 2, 4, 8, 16, 24, 30, 31)
VERDICTS: tuple[Verdict, ...] = ("hit", "miss", "unscored")


def board(
    images: int = 10,
    patches: int = 4,
    *,
    lenses: Mapping[str, LensKind] = LENSES,
    layers: tuple[int, ...] = LAYERS,
    seed: int = 0,
) -> list[Candidate]:
    """Return every cell of a board, each with words of its own and a random verdict."""
    lot = np.random.default_rng(seed)
    return [
        Candidate(
            lens=lens,
            kind=kind,
            layer=layer,
            patch_id=f"patch-{image}-{patch}",
            image_id=f"image-{image}",
            words=(f"{lens} {layer}", "word"),
            verdict=VERDICTS[lot.choice(3, p=(0.4, 0.55, 0.05))],
        )
        for image in range(images)
        for patch in range(patches)
        for layer in layers
        for lens, kind in lenses.items()
    ]
