"""COCO annotation files: images, categories, objects and captions, checked when they are read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.core.errors import DataError
from harness.core.ids import sha256_bytes

ImageKey = int | str
"""Id of an image in an annotation file."""

_ADVICE: Final = "expected a COCO annotation file with images and annotations"


class _Foreign(BaseModel):
    """Base of what is read from a file that others define: fields not needed are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class AnnotatedImage(_Foreign):
    """One image of an annotation file."""

    id: ImageKey
    """Its id there."""
    file_name: str
    """Its file, relative to the folder of images."""
    width: int
    """Width in pixels that the annotations are made for."""
    height: int
    """Height in pixels that the annotations are made for."""


class Category(_Foreign):
    """One category of an annotation file."""

    id: int
    """Its id there."""
    name: str
    """Its name, such as ``dining table``."""
    supercategory: str = ""
    """The group it belongs to."""
    isthing: int = 1
    """0 for background (panoptic files)."""


class RunLengths(_Foreign):
    """A mask as run lengths."""

    size: tuple[int, int]
    """Height and width of the image."""
    counts: tuple[int, ...] | str
    """The lengths, or the compact string of them."""


class Annotation(_Foreign):
    """One object or one caption of an image."""

    id: ImageKey = ""
    """Its id there."""
    image_id: ImageKey
    """Its image."""
    category_id: int | None = None
    """Its category; None for a caption."""
    segmentation: RunLengths | tuple[tuple[float, ...], ...] | None = None
    """Polygons or run lengths; empty or None if there is only a box."""
    bbox: tuple[float, float, float, float] | None = None
    """Left, top, width, height; None for a caption."""
    caption: str | None = None
    """A sentence about the image; None for an object."""


class _File(_Foreign):
    images: tuple[AnnotatedImage, ...]
    annotations: tuple[Annotation, ...]
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class Annotations:
    """One or more annotation files of the same images, put together."""

    images: tuple[AnnotatedImage, ...]
    """Images in the order of their ids."""
    categories: Mapping[int, Category]
    """Category id to category."""
    objects: Mapping[ImageKey, Sequence[Annotation]] | None
    """Image id to its objects; None if no file has categories."""
    captions: Mapping[ImageKey, Sequence[str]] | None
    """Image id to its captions; None if no file has captions."""
    sha256: str
    """Hash of the files' bytes."""


def read_annotations(paths: Sequence[Path]) -> Annotations:
    """Read annotation files and check that they belong together.

    Raises:
        DataError: A file is unreadable, of another format, refers to a category that it does not
            list, has two images of one id, or contradicts another file; names the file.
    """
    images: dict[ImageKey, AnnotatedImage] = {}
    categories: dict[int, Category] = {}
    objects: defaultdict[ImageKey, list[Annotation]] = defaultdict(list)
    captions: defaultdict[ImageKey, list[str]] = defaultdict(list)
    hashes = []
    captioned = False
    for path in paths:
        file, sha256 = _read(path)
        hashes.append(sha256)
        _merge(images, {image.id: image for image in file.images}, f"{path}: image")
        _merge(
            categories, {category.id: category for category in file.categories}, f"{path}: category"
        )
        if len({image.id for image in file.images}) < len(file.images):
            raise DataError(f"{path}: two images have the same id")
        for annotation in file.annotations:
            if annotation.caption is not None:
                captioned = True
                captions[annotation.image_id].append(annotation.caption)
            else:
                _check_object(path, annotation, categories)
                objects[annotation.image_id].append(annotation)
    return Annotations(
        images=tuple(sorted(images.values(), key=lambda image: _order(image.id))),
        categories=categories,
        objects=dict(objects) if categories else None,
        captions=dict(captions) if captioned else None,
        sha256=hashes[0] if len(hashes) == 1 else sha256_bytes("".join(hashes).encode()),
    )


def _read(path: Path) -> tuple[_File, str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read annotations {path}: {error.strerror}") from error
    try:
        return _File.model_validate_json(data), sha256_bytes(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        where = f"{place}: " if place else ""
        raise DataError(f"annotations {path}: {where}{first['msg']}; {_ADVICE}") from error


def _merge(into: dict[Any, Any], new: Mapping[Any, object], what: str) -> None:
    for key, value in new.items():
        if into.setdefault(key, value) != value:
            raise DataError(f"{what} {key} is another one than in the file before it")


def _check_object(path: Path, annotation: Annotation, categories: Mapping[int, Category]) -> None:
    if annotation.category_id not in categories:
        raise DataError(
            f"annotations {path}: annotation {annotation.id} has category "
            f"{annotation.category_id}, which the file does not list; {_ADVICE}"
        )
    if not annotation.segmentation and annotation.bbox is None:
        raise DataError(f"annotations {path}: annotation {annotation.id} has neither mask nor box")


def _order(key: ImageKey) -> tuple[bool, int, str]:
    """Sort ids that are numbers as numbers, before others."""
    text = str(key)
    number = bool(re.fullmatch(r"[0-9]+", text))
    return not number, int(text) if number else 0, text
