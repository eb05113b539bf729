"""The protocol of image sources, and what a registered kind of source is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from harness.core.records import Box, ImageRecord, RegionLabels


class ImageSource(Protocol):
    """Images of a run, with ground truth where it exists."""

    name: str
    """What was asked for: ``scenes:heldout``, the folder, or a name with every part filled in."""

    def records(self) -> tuple[ImageRecord, ...]:
        """Return all images, in a fixed order."""
        ...

    def open(self, record: ImageRecord) -> Image.Image:
        """Return the RGB image; raises DataError if its bytes are not those recorded."""
        ...

    def labels(
        self, record: ImageRecord, region: Box, point: tuple[float, float]
    ) -> RegionLabels | None:
        """Return what is in ``region`` and under ``point`` (original pixels); None if unknown."""
        ...

    def captions(self, record: ImageRecord) -> tuple[str, ...] | None:
        """Return the captions of an image; None if it is not known what they are."""
        ...


@dataclass(frozen=True, slots=True)
class ImageKind:
    """A kind of source, found by the word that its texts begin with."""

    form: str
    """How users write it, such as ``coco:FILE.json@FOLDER``."""
    summary: str
    """What the images are, in one line."""
    open: Callable[[str, int | None], ImageSource]
    """Returns the source, given the whole text and the largest number of images (None: all)."""
    limits: str = ""
    """What a report must say of rates that its labels decide; empty if nothing."""
