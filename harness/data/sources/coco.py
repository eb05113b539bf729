"""Images with COCO annotations: objects become ground-truth labels, captions are known.

Only what annotators labelled is known, 80 kinds of objects in COCO itself: a word for anything else
in the picture finds no label, so hit rates by these labels are lower bounds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from harness.core.errors import DataError, UsageError
from harness.core.progress import progress
from harness.core.records import Box, Entity, ImageRecord, RegionLabels
from harness.data.sources import masks
from harness.data.sources.annotations import (
    AnnotatedImage,
    Annotation,
    Annotations,
    Category,
    ImageKey,
    RunLengths,
    read_annotations,
)
from harness.data.sources.categories import hypernyms
from harness.data.sources.files import FileSource
from harness.data.sources.source import ImageKind

FORM: Final = "coco:FILE.json[,FILE.json...]@FOLDER"
"""How annotated images are named: annotation files (objects, captions), folder of images."""

_TEXT: Final = re.compile(
    r"coco:(?P<files>.+?\.json)@(?P<folder>.+?)(#(?P<sha256>[0-9a-f]{8,64}))?", re.IGNORECASE
)
_HASH_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The masks of one image."""

    image_id: str
    """sha256 of the image."""
    objects: tuple[tuple[Category, masks.Mask], ...]
    """Every object with its pixels, the smallest first."""
    categories: Mapping[str, tuple[Category, masks.Mask]]
    """Category name to the pixels of all its objects, in the order of the annotation file."""


class CocoSource(FileSource):
    """Images of a folder as far as annotation files list them, in the order of their ids.

    An entity is a category: its coverage is the share of pixels in any object of it, crowds
    included, by masks where there are any and else by boxes. The kind under a point is the category
    of the smallest object there, empty if there is none.
    """

    def __init__(
        self, name: str, annotations: Annotations, folder: Path, limit: int | None = None
    ) -> None:
        """Read and decode every image once, and draw its masks.

        Args:
            name: Resolved name of the source.
            annotations: What is known of the images.
            folder: Where their files are.
            limit: Largest number of distinct images.

        Raises:
            DataError: An image is missing, unreadable or of another size than annotated, or a mask
                is broken.
        """
        self._annotations = annotations
        self._listed = {str(folder / image.file_name): image for image in annotations.images}
        self._last: _Drawn | None = None
        super().__init__(name, [Path(file) for file in self._listed], limit)
        for record in progress(self.records(), description="annotations"):
            self._check(record)

    def labels(
        self, record: ImageRecord, region: Box, point: tuple[float, float]
    ) -> RegionLabels | None:
        """Return the annotated objects in ``region`` and under ``point``; None without objects.

        A pixel belongs to the region if its centre does; a region without any has the one pixel
        under its middle.
        """
        if self._annotations.objects is None:
            return None
        drawn = self._drawn(record)
        window = _window(region, (record.width, record.height))
        x, y = min(record.width - 1, int(point[0])), min(record.height - 1, int(point[1]))
        under = (category.name for category, mask in drawn.objects if mask[y, x])
        return RegionLabels(
            inside=tuple(_entities(drawn.categories.values(), window)),
            everywhere=tuple(_entities(drawn.categories.values(), (slice(None), slice(None)))),
            centre=next(under, ""),
        )

    def captions(self, record: ImageRecord) -> tuple[str, ...] | None:
        """Return the captions of an image; None if no file has captions."""
        if self._annotations.captions is None:
            return None
        return tuple(self._annotations.captions.get(self._image(record).id, ()))

    def _image(self, record: ImageRecord) -> AnnotatedImage:
        return self._listed[record.source]

    def _check(self, record: ImageRecord) -> None:
        image = self._image(record)
        if (image.width, image.height) != (record.width, record.height):
            raise DataError(
                f"image {record.source} is {record.width}x{record.height} upright, but annotated "
                f"as {image.width}x{image.height}; give the images that were annotated"
            )
        if self._annotations.objects is not None:
            self._drawn(record)

    def _drawn(self, record: ImageRecord) -> _Drawn:
        """Return the masks of an image; patches come image by image, so the last one is kept."""
        if self._last is None or self._last.image_id != record.image_id:
            self._last = self._draw(record)
        return self._last

    def _draw(self, record: ImageRecord) -> _Drawn:
        known: Mapping[ImageKey, Sequence[Annotation]] = self._annotations.objects or {}
        objects: list[tuple[Category, masks.Mask]] = []
        for annotation in known.get(self._image(record).id, ()):
            category = self._annotations.categories[annotation.category_id or 0]
            objects.append((category, _mask(annotation, record)))
        together: dict[str, tuple[Category, masks.Mask]] = {}
        for category, mask in objects:
            before = together.get(category.name)
            together[category.name] = (category, mask if before is None else before[1] | mask)
        smallest = sorted(objects, key=lambda pair: int(pair[1].sum()))
        return _Drawn(record.image_id, tuple(smallest), together)


def open_coco(text: str, limit: int | None = None) -> CocoSource:
    """Return the images that annotation files list, with labels and captions.

    Files of objects (``instances_val2017.json``) and of captions (``captions_val2017.json``) of the
    same images may be given together. The resolved name ends with ``#`` and the beginning of the
    files' hash; given again, it has to fit.

    Args:
        text: ``coco:FILE.json[,FILE.json...]@FOLDER``.
        limit: Largest number of distinct images.

    Raises:
        UsageError: Not of this form, no such folder or file, or no images are listed.
        DataError: The files are broken or changed, or as :class:`CocoSource`.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise UsageError(f"images {text!r}: expected {FORM}")
    paths, folder = [Path(name) for name in match["files"].split(",")], Path(match["folder"])
    for path in paths:
        if not path.is_file():
            raise UsageError(f"images {text!r}: no annotation file {path}; expected {FORM}")
    if not folder.is_dir():
        raise UsageError(f"images {text!r}: no folder {folder}; expected {FORM}")
    annotations = read_annotations(paths)
    pinned = match["sha256"] or ""
    if not annotations.sha256.startswith(pinned.lower()):
        raise DataError(
            f"annotations {match['files']} were changed: sha256 is {annotations.sha256[:12]}, "
            f"expected {pinned}"
        )
    if not annotations.images:
        raise UsageError(f"images {text!r}: the annotations list no images")
    mark = annotations.sha256[: max(_HASH_DIGITS, len(pinned))]
    name = f"coco:{match['files']}@{folder}#{mark}"
    return CocoSource(name, annotations, folder, limit)


def _mask(annotation: Annotation, record: ImageRecord) -> masks.Mask:
    size = (record.width, record.height)
    shape = annotation.segmentation
    try:
        if isinstance(shape, RunLengths):
            if shape.size != (record.height, record.width):
                raise ValueError(f"run lengths for {shape.size[1]}x{shape.size[0]} pixels")
            return masks.from_runs(shape.counts, size)
        if shape:
            return masks.from_polygons(shape, size)
        return masks.from_box(annotation.bbox or (0, 0, 0, 0), size)
    except ValueError as error:
        raise DataError(f"annotation {annotation.id} of {record.source}: {error}") from error


def _window(region: Box, size: tuple[int, int]) -> tuple[slice, slice]:
    left, top, right, bottom = region
    return _pixels(top, bottom, size[1]), _pixels(left, right, size[0])


def _pixels(start: float, end: float, size: int) -> slice:
    """Return the pixels with centres in [start, end), at least the one under its middle."""
    first, last = max(0, math.ceil(start - 0.5)), min(size, math.ceil(end - 0.5))
    if first < last:
        return slice(first, last)
    middle = min(size - 1, max(0, int((start + end) / 2)))
    return slice(middle, middle + 1)


def _entities(
    categories: Iterable[tuple[Category, masks.Mask]], window: tuple[slice, slice]
) -> Iterator[Entity]:
    """Yield the categories with pixels in the window, each with its share of them."""
    for category, mask in categories:
        covered = mask[window]
        if covered.any():
            yield Entity(
                kind=category.name,
                hypernyms=hypernyms(category.name, category.supercategory),
                background=not category.isthing,
                coverage=float(np.mean(covered)),
            )


COCO: Final = ImageKind(
    FORM,
    "images with COCO annotations: boxes or masks are ground truth",
    open_coco,
    limits=(
        "Ground truth is what the annotators labelled, a fixed list of kinds: a right word for "
        "anything else counts as a miss, so rates are lower bounds."
    ),
)
"""Annotated images."""
