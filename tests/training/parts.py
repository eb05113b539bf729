"""Tiny frozen parts, captioned pictures and recipes for trainings of seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from PIL import Image

from harness.core.ids import sha256_bytes
from harness.core.records import Box, ImageRecord, RegionLabels
from harness.training.loop import Pace
from harness.training.plan import TrainingRecord
from harness.training.projector import Request, train_projector
from harness.training.recipe import ProjectorRecipe
from tests.vlms.checkpoints.controlled import Variant, save_encoder, save_language_model

COLOURS: Final = ("red", "green", "blue", "white", "black")
THINGS: Final = ("ball", "boat", "house", "tree", "bird")
SHORT: Final = ProjectorRecipe(
    features=(-1, -2),
    hidden=24,
    steps=8,
    batch=4,
    warmup=2,
    lr=0.02,
    heldout=0.2,
    evaluate_every=4,
    frozen="float32",
)
PACE: Final = Pace(micro=4, checkpoint_every=3, log_every=2)


class Pictures:
    """Plain pictures, each with a caption that names its colour."""

    def __init__(self, count: int, captions: Mapping[int, tuple[str, ...] | None] | None = None):
        self.name = f"pictures of {count}"
        self._captions = captions or {}
        self._records = tuple(
            ImageRecord(image_id=sha256_bytes(f"{i}".encode()), source=f"{i}", width=40, height=24)
            for i in range(count)
        )
        self.opened: list[str] = []

    def records(self) -> tuple[ImageRecord, ...]:
        return self._records

    def open(self, record: ImageRecord) -> Image.Image:
        self.opened.append(record.source)
        return Image.new("RGB", (40, 24), COLOURS[int(record.source) % 5])

    def labels(
        self, record: ImageRecord, region: Box, point: tuple[float, float]
    ) -> RegionLabels | None:
        return None

    def captions(self, record: ImageRecord) -> tuple[str, ...] | None:
        number = int(record.source)
        if number in self._captions:
            return self._captions[number]
        return (f"the {COLOURS[number % 5]} {THINGS[number % 3]}. It is on the road",)


def save_parts(folder: Path, variant: Variant | None = None) -> tuple[str, str]:
    """Save a language model and an encoder with its image processor; return both paths."""
    chosen = variant or Variant()
    llm, encoder = folder / "llm", folder / "encoder"
    save_language_model(llm, chosen)
    save_encoder(encoder, chosen.encoder)
    settings = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.25, 0.3]}
    (encoder / "preprocessor_config.json").write_text(json.dumps(settings))
    return str(llm), str(encoder)


def train(
    parts: tuple[str, str],
    folder: Path,
    recipe: ProjectorRecipe = SHORT,
    pace: Pace = PACE,
    *,
    data: str = "scenes:500+30",
    cache_gb: float = 1.0,
) -> TrainingRecord:
    """Train on a few scenes on this processor."""
    request = Request(*parts, data, folder)
    record = train_projector(request, recipe, pace, device="cpu", cache_gb=cache_gb)
    assert record is not None
    return record
