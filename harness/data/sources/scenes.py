"""Drawn scenes with exact ground truth, made by :mod:`harness.mini`."""

from __future__ import annotations

import re
from typing import Final

from harness.core.errors import UsageError
from harness.data.sources.source import ImageKind, ImageSource

FORM: Final = "scenes:heldout or scenes:SEED+COUNT"
"""How scenes are named."""

_SCENES: Final = re.compile(r"scenes:(heldout|\d+\+\d+)")


def open_scenes(text: str, limit: int | None) -> ImageSource:
    """Return drawn scenes; raises UsageError for other forms than :data:`FORM`."""
    if not _SCENES.fullmatch(text):
        raise UsageError(f"images {text!r}: expected {FORM}")
    from harness.mini.source import SceneSource

    return SceneSource(text, limit)


SCENES: Final = ImageKind(FORM, "drawn scenes with exact labels of everything in them", open_scenes)
"""Scenes by seed."""
