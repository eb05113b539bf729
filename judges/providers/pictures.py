"""Pictures in a request: their size by the file's own header, and their text form."""

from __future__ import annotations

import base64
import struct

from judges.providers.capabilities import Capabilities

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def base64_text(png: bytes) -> str:
    """Return a picture as base64 text."""
    return base64.b64encode(png).decode("ascii")


def data_url(png: bytes) -> str:
    """Return a picture as a data URL."""
    return f"data:image/png;base64,{base64_text(png)}"


def picture_problem(png: bytes, model: str, able: Capabilities) -> str:
    """Return why a model would not look at a picture as it is; empty if it would.

    A provider scales a larger picture down, so that the judge would see another one than was
    drawn; such a picture is not sent.
    """
    if len(png) < 24 or not png.startswith(_SIGNATURE):
        return "the image is not a PNG"
    width, height = struct.unpack(">II", png[16:24])
    if able.max_image_side and max(width, height) > able.max_image_side:
        return (
            f"image {width}x{height} is larger than {model} accepts unscaled "
            f"({able.max_image_side} pixels a side)"
        )
    if able.max_image_bytes and len(png) > able.max_image_bytes:
        return (
            f"image {width}x{height} of {len(png)} bytes is larger than {model} accepts "
            f"({able.max_image_bytes} bytes)"
        )
    return ""
