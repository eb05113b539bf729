from __future__ import annotations

from typing import Any

from harness.core.records import RunSpec


def make_spec(**changes: Any) -> RunSpec:
    """Return a small valid spec with some fields replaced."""
    values: dict[str, Any] = {
        "vlm": "mini",
        "vlm_hash": "a" * 64,
        "images": "scenes:heldout",
        "image_ids": ("b" * 64, "c" * 64),
        "patches_per_image": 10,
        "lenses": ("latent", "logit"),
        "layers": (0, 1, 2),
        "contextual_layers": (1, 2),
        "corpus": "mini",
        "corpus_hash": "d" * 64,
        "judges": ("ground-truth",),
    }
    return RunSpec.model_validate(values | changes)
