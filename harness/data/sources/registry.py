"""Image sources by what their text begins with; third parties add theirs by entry points."""

from __future__ import annotations

import re
from typing import Final

from harness.core.errors import UsageError
from harness.core.registry import Registry
from harness.data.sources.files import is_path, open_files
from harness.data.sources.source import ImageKind, ImageSource

IMAGES: Final[Registry[ImageKind]] = Registry(
    "image source",
    {
        "scenes": "harness.data.sources.scenes:SCENES",
        "coco": "harness.data.sources.coco:COCO",
        "hf": "harness.data.sources.dataset:DATASET",
        "pixmo-cap": "harness.data.sources.pixmo:PIXMO_CAP",
    },
    "lensbench.images",
)
"""Kinds of sources; a text belongs to the one it begins with, up to its first ``:`` or ``@``."""

_KIND: Final = re.compile(r"([a-z][\w-]*)(?=[:@]|$)")
_PATHS: Final = ("a folder of images", "a glob such as 'photos/**/*.jpg'", "an image file")


def open_source(text: str, limit: int | None = None) -> ImageSource:
    """Return the source that ``text`` names.

    Args:
        text: A folder, a glob (``photos/**/*.jpg``) or an image file; ``scenes:heldout`` or
            ``scenes:SEED+COUNT``; ``coco:FILE.json[,FILE.json]@FOLDER``;
            ``hf:FOLDER_OR_ID[@REVISION][:CONFIG[/SPLIT]][#COLUMN]``; ``pixmo-cap[@REVISION]``; or a
            kind that an installed package adds. What exists as a path is taken as one.
        limit: Use the first this many images only.

    Raises:
        UsageError: The limit is below 1, the text is of no known form, or there is no such thing.
        DataError: An image is unreadable or changed, or cannot be fetched.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit {limit}: expected at least 1 image")
    if (kind := kind_of(text)) is not None:
        return kind.open(text, limit)
    files = open_files(text, limit)
    if files is None:
        raise UsageError(f"images {text!r}: no such folder or file; expected {', '.join(forms())}")
    return files


def kind_of(text: str) -> ImageKind | None:
    """Return the registered kind that a text begins with; None for paths and unknown forms."""
    match = _KIND.match(text)
    name = match[1] if match and not is_path(text) else ""
    return IMAGES.get(name) if name in IMAGES.names() else None


def forms() -> tuple[str, ...]:
    """Return how sources are written, one entry per form."""
    return _PATHS + tuple(IMAGES.get(name).form for name in IMAGES.names())
