"""Images by the sha256 of their bytes, in one folder of this machine that all sources share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from harness.core.errors import DataError
from harness.core.files import write_bytes_atomic
from harness.core.ids import sha256_bytes

VARIABLE: Final = "LENSBENCH_CACHE"
"""Environment variable with the cache folder, instead of ``~/.cache/lensbench``."""


def cache_folder() -> Path:
    """Return the folder for what can be fetched again: ``$LENSBENCH_CACHE`` or the user's cache."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "lensbench"


class ImageStore:
    """A folder of image files named by their sha256."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use ``folder``, by default ``images`` in :func:`cache_folder`; made when needed."""
        self.folder = folder or cache_folder() / "images"

    def path(self, image_id: str) -> Path:
        """Return where an image is or would be."""
        return self.folder / image_id[:2] / image_id

    def put(self, data: bytes) -> str:
        """Store ``data`` if it is not there yet and return its sha256.

        Raises:
            DataError: The disk is full or the folder cannot be written.
        """
        image_id = sha256_bytes(data)
        path = self.path(image_id)
        if not path.is_file():
            write_bytes_atomic(path, data)
        return image_id

    def get(self, image_id: str) -> bytes | None:
        """Return the bytes of an image, or None if it is not stored.

        Raises:
            DataError: The file was changed or cannot be read; names it.
        """
        path = self.path(image_id)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DataError(f"cannot read image {path}: {error.strerror}") from error
        found = sha256_bytes(data)
        if found != image_id:
            raise DataError(
                f"image {path} was changed: sha256 is {found[:12]}, expected {image_id[:12]}; "
                "delete the file and run the same command again"
            )
        return data
