"""Where images come from: identified by the sha256 of their bytes, never by position or name."""

from __future__ import annotations

import importlib
import io
import re
import struct
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from harness.core.errors import DataError, UsageError
from harness.core.ids import sha256_bytes
from harness.core.progress import announce
from harness.core.records import Box, ImageRecord, RegionLabels

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
"""Endings of image files in a folder, in any case."""

_MAX_16_BIT = 0xFFFF
_SCENES = re.compile(r"scenes:(heldout|\d+\+\d+)")
_SCENE_SOURCE = ("harness.mini.source", "SceneSource")
_UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


class ImageSource(Protocol):
    """Images of a run, with ground truth where it exists."""

    name: str
    """What was asked for: ``scenes:heldout`` or the folder."""

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


def open_source(text: str, limit: int | None = None) -> ImageSource:
    """Return the source that ``text`` names.

    Args:
        text: ``scenes:heldout``, ``scenes:SEED+COUNT`` or a folder of images.
        limit: Use the first this many images only.

    Raises:
        UsageError: The limit is below 1, or there is no such set of scenes or folder of images.
        DataError: An image is unreadable.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit {limit}: expected at least 1 image")
    if not text.startswith("scenes:"):
        return FolderSource(Path(text), limit)
    if not _SCENES.fullmatch(text):
        raise UsageError(f"images {text!r}: expected scenes:heldout or scenes:SEED+COUNT")
    module, attribute = _SCENE_SOURCE
    source: ImageSource = getattr(importlib.import_module(module), attribute)(text, limit)
    return source


class FolderSource:
    """All images of a folder and its subfolders, by path; hidden files are left out.

    The orientation tag is applied, everything becomes 8-bit RGB on white, and of an animation the
    first frame is taken. Equal files count once.
    """

    def __init__(self, path: Path, limit: int | None = None) -> None:
        """Read and decode every image once, so that a broken one is found before a run starts.

        Raises:
            UsageError: The folder is missing or has no images.
            DataError: An image is unreadable; names the file.
        """
        self.name = str(path)
        self.duplicates: tuple[tuple[Path, Path], ...] = ()
        """Files left out, each with the equal file that was kept."""
        kept: dict[str, tuple[Path, ImageRecord]] = {}
        for file in _image_files(path):
            data = _read(file)
            image_id = sha256_bytes(data)
            if image_id in kept:
                self.duplicates += ((file, kept[image_id][0]),)
                continue
            if limit is not None and len(kept) == limit:
                break
            width, height = decode(data, str(file)).size
            record = ImageRecord(image_id=image_id, source=str(file), width=width, height=height)
            kept[image_id] = (file, record)
        if self.duplicates:
            first, original = self.duplicates[0]
            announce(
                f"{len(self.duplicates)} of the images in {path} are copies and count once, "
                f"for example {first.name} of {original.name}"
            )
        self._records = tuple(record for _, record in kept.values())

    def records(self) -> tuple[ImageRecord, ...]:
        """Return all images in the order of their paths."""
        return self._records

    def open(self, record: ImageRecord) -> Image.Image:
        """Return the RGB image; raises DataError if the file is gone, unreadable or changed."""
        data = _read(Path(record.source))
        found = sha256_bytes(data)
        if found != record.image_id:
            raise DataError(
                f"image {record.source} was changed: sha256 is {found[:12]}, "
                f"expected {record.image_id[:12]}"
            )
        return decode(data, record.source)

    def labels(
        self,
        record: ImageRecord,
        region: Box,
        point: tuple[float, float],
    ) -> RegionLabels | None:
        """Return None: files have no ground truth."""
        return None

    def captions(self, record: ImageRecord) -> tuple[str, ...] | None:
        """Return None: files come without captions."""
        return None


def decode(data: bytes, name: str) -> Image.Image:
    """Return the first frame of an encoded image as upright 8-bit RGB on white.

    Raises:
        DataError: ``data`` is not a whole image of a known kind; the message has ``name``.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise DataError(f"cannot read image {name}: not an image of a known kind") from error
    except _UNREADABLE as error:
        raise DataError(f"cannot read image {name}: {error}") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return Image.fromarray(_to_8_bit(np.asarray(image))).convert("RGB")
    if image.mode == "F":
        raise ValueError("floating-point pixels; save it with 8 or 16 bits per channel")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def _to_8_bit(pixels: np.ndarray) -> np.ndarray:
    """Return [height, width] 16-bit values as 8-bit ones, 65535 becoming 255."""
    if pixels.min() < 0 or pixels.max() > _MAX_16_BIT:
        raise ValueError("more than 16 bits per channel; save it with 8 or 16 bits")
    scaled: np.ndarray = np.round(pixels.astype(np.float64) / 257).astype(np.uint8)
    return scaled


def _image_files(path: Path) -> list[Path]:
    if not path.exists():
        raise UsageError(f"images {str(path)!r}: no such folder")
    if not path.is_dir():
        raise UsageError(f"images {str(path)!r}: expected a folder, this is a file")
    files = [
        file
        for file in path.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    ]
    if not files:
        raise UsageError(f"images {str(path)!r}: no images in it (known: {', '.join(SUFFIXES)})")
    return sorted(files, key=lambda file: file.relative_to(path).as_posix())


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read image {file}: {error.strerror}") from error
