"""Pictures and prompts for the tests of providers."""

from __future__ import annotations

import io

from PIL import Image

from judges.providers.base import Mend, Prompt

SCHEMA = {
    "type": "object",
    "properties": {"verdicts": {"type": "array", "items": {"type": "string"}}},
    "required": ["verdicts"],
    "additionalProperties": False,
}


def png(width: int, height: int, shade: int = 0) -> bytes:
    """Return a PNG of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (shade, shade, shade)).save(stream, "PNG")
    return stream.getvalue()


CANVAS = png(64, 48, 10)
CROP = png(20, 20, 200)


def question(text: str = 'Words: ["cat", "dog"]', *, mend: Mend | None = None) -> Prompt:
    """Return a prompt with the canvas before its text and the crop after it."""
    return Prompt(text, (CANVAS, CROP), "reply", SCHEMA, mend)
