"""Image files where they lie: a folder, a glob, or one file."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from harness.core.errors import DataError, UsageError
from harness.core.ids import sha256_bytes
from harness.core.progress import announce, progress
from harness.core.records import Box, ImageRecord, RegionLabels
from harness.data.sources.decode import SUFFIXES, decode

_KNOWN = f"known: {', '.join(SUFFIXES)}"


class FileSource:
    """Image files in a given order; equal files count once.

    The orientation tag is applied, everything becomes 8-bit RGB on white, and of an animation the
    first frame is taken.
    """

    def __init__(self, name: str, files: Iterable[Path], limit: int | None = None) -> None:
        """Read and decode every image once, so that a broken one is found before a run starts.

        Args:
            name: What was asked for.
            files: The files; those behind the limit are not read.
            limit: Largest number of distinct images.

        Raises:
            DataError: An image is unreadable; names the file.
        """
        self.name = name
        self.duplicates: tuple[tuple[Path, Path], ...] = ()
        """Files left out, each with the equal file that was kept."""
        kept: dict[str, tuple[Path, ImageRecord]] = {}
        for file in progress(files, description="images"):
            if len(kept) == limit:
                break
            data = read_bytes(file)
            image_id = sha256_bytes(data)
            if image_id in kept:
                self.duplicates += ((file, kept[image_id][0]),)
                continue
            width, height = decode(data, str(file)).size
            record = ImageRecord(image_id=image_id, source=str(file), width=width, height=height)
            kept[image_id] = (file, record)
        if self.duplicates:
            first, original = self.duplicates[0]
            announce(
                f"{len(self.duplicates)} of the images in {name} are copies and count once, "
                f"for example {first.name} of {original.name}"
            )
        self._records = tuple(record for _, record in kept.values())

    def records(self) -> tuple[ImageRecord, ...]:
        """Return all images in the order of their files."""
        return self._records

    def open(self, record: ImageRecord) -> Image.Image:
        """Return the RGB image; raises DataError if the file is gone, unreadable or changed."""
        data = read_bytes(Path(record.source))
        found = sha256_bytes(data)
        if found != record.image_id:
            raise DataError(
                f"image {record.source} was changed: sha256 is {found[:12]}, "
                f"expected {record.image_id[:12]}"
            )
        return decode(data, record.source)

    def labels(
        self, record: ImageRecord, region: Box, point: tuple[float, float]
    ) -> RegionLabels | None:
        """Return None: files have no ground truth."""
        return None

    def captions(self, record: ImageRecord) -> tuple[str, ...] | None:
        """Return None: files come without captions."""
        return None


class FolderSource(FileSource):
    """All images of a folder and its subfolders, by path; hidden files are left out."""

    def __init__(self, path: Path, limit: int | None = None) -> None:
        """Read and decode every image once.

        Raises:
            UsageError: The folder is missing or has no images.
            DataError: An image is unreadable; names the file.
        """
        super().__init__(str(path), _folder_files(path), limit)


def open_files(text: str, limit: int | None) -> FileSource | None:
    """Return the images that a path or glob names; None if it is neither.

    Raises:
        UsageError: No images in the folder or behind the glob, or a file of another kind.
        DataError: An image is unreadable.
    """
    if not is_path(text):
        return FileSource(text, _matching(text), limit) if glob.has_magic(text) else None
    path = Path(text)
    if path.is_dir():
        return FolderSource(path, limit)
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"images {text!r}: not an image file ({_KNOWN})")
    return FileSource(text, [path], limit)


def is_path(text: str) -> bool:
    """Tell whether a file or folder is there; what no path can be (empty, too long) is none."""
    return os.path.exists(text)  # noqa: PTH110 - Path takes the empty text for the working folder


def read_bytes(file: Path) -> bytes:
    """Return the content of an image file; raises DataError if it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read image {file}: {error.strerror}") from error


def _folder_files(path: Path) -> Sequence[Path]:
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
        raise UsageError(f"images {str(path)!r}: no images in it ({_KNOWN})")
    return sorted(files, key=lambda file: file.relative_to(path).as_posix())


def _matching(pattern: str) -> Sequence[Path]:
    """Return the image files behind a glob, by path; ``**`` goes through subfolders."""
    found = {Path(name) for name in glob.glob(pattern, recursive=True)}  # noqa: PTH207
    files = [file for file in found if file.suffix.lower() in SUFFIXES and file.is_file()]
    if not files:
        matches = f"no image among the {len(found)} that match" if found else "nothing matches"
        raise UsageError(f"images {pattern!r}: {matches} ({_KNOWN})")
    return sorted(files, key=lambda file: file.as_posix())
