"""Drawn scenes as an image source: held-out by default, redrawn from their seeds when needed."""

from __future__ import annotations

import re
from typing import Final

from PIL import Image

from harness.core.errors import DataError, UsageError
from harness.core.ids import sha256_bytes
from harness.core.records import Box, ImageRecord, RegionLabels
from harness.mini.grammar import caption
from harness.mini.labels import region_labels
from harness.mini.scenes import Drawing, Scene, draw_scene, sample_scene

SIDE: Final = 144
"""Width and height of a scene in pixels."""
HELD_OUT: Final = range(100)
"""Seeds of the held-out scenes; training uses seeds from 1,000,000 on."""
HIGHEST_SEED: Final = 1_000_000
_PREFIX: Final = "scene:"


class SceneSource:
    """Scenes ``scenes:heldout`` (seeds 0 to 99) or ``scenes:SEED+COUNT``."""

    def __init__(self, name: str, limit: int | None = None) -> None:
        """Draw every scene once to learn its content hash.

        Raises:
            UsageError: ``name`` is not of the two forms, or reaches into the training seeds.
        """
        self.name = name
        seeds = _seeds(name)[:limit]
        self._records = tuple(self._record(seed) for seed in seeds)

    def records(self) -> tuple[ImageRecord, ...]:
        """Return one record per scene, in the order of the seeds."""
        return self._records

    def open(self, record: ImageRecord) -> Image.Image:
        """Return the picture; raises DataError if it is no longer drawn as it was recorded."""
        return Image.fromarray(self._draw(record)[1].image)

    def labels(
        self, record: ImageRecord, region: Box, point: tuple[float, float]
    ) -> RegionLabels | None:
        """Return what was drawn in ``region`` and under ``point``."""
        scene, drawing = self._draw(record)
        return region_labels(scene, drawing, region, point)

    def captions(self, record: ImageRecord) -> tuple[str, ...] | None:
        """Return the one caption that the grammar has for the scene."""
        return (caption(sample_scene(_seed(record))),)

    def _record(self, seed: int) -> ImageRecord:
        image = draw_scene(sample_scene(seed), SIDE).image
        return ImageRecord(
            image_id=_content_hash(image.tobytes()),
            source=f"{_PREFIX}{seed}",
            width=SIDE,
            height=SIDE,
        )

    def _draw(self, record: ImageRecord) -> tuple[Scene, Drawing]:
        scene = sample_scene(_seed(record))
        drawing = draw_scene(scene, record.width)
        if _content_hash(drawing.image.tobytes()) != record.image_id:
            raise DataError(
                f"{record.source} is drawn differently from the recorded image "
                f"{record.image_id[:12]}; start over with --fresh"
            )
        return scene, drawing


def _seed(record: ImageRecord) -> int:
    return int(record.source.removeprefix(_PREFIX))


def _content_hash(pixels: bytes) -> str:
    """Return the sha256 of raw RGB pixels; no encoder's version can change it."""
    return sha256_bytes(b"rgb " + pixels)


def _seeds(name: str) -> list[int]:
    if name == "scenes:heldout":
        return list(HELD_OUT)
    match = re.fullmatch(r"scenes:(\d+)\+(\d+)", name)
    if match is None:
        raise UsageError(f"images {name!r}: expected scenes:heldout or scenes:SEED+COUNT")
    first, count = int(match[1]), int(match[2])
    if count < 1 or first + count > HIGHEST_SEED:
        raise UsageError(
            f"images {name!r}: expected at least one scene and seeds below {HIGHEST_SEED}, "
            "where the training scenes begin"
        )
    return list(range(first, first + count))
