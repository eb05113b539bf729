"""What a judge is shown: the part of the image the encoder saw with the region boxed, and its crop.

Every pixel is placed by the patch's geometry, rounded once. The picture is drawn from the original
image, so its sharpness is the image's, not the encoder's.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw

from harness.core.errors import MismatchError
from harness.core.records import Patch
from harness.vlms.geometry import Geometry

SIDE = 512
"""Longer edge of the view, in pixels."""
_OUTLINE = (255, 0, 0, 255)
_TINT = (255, 0, 0, 30)
_OUTLINE_WIDTH = 3


def canvas_view(image: Image.Image, geometry: Geometry, side: int = SIDE) -> Image.Image:
    """Return the encoder's canvas (padded, squashed or cropped), its longer edge ``side`` pixels.

    Where image meets padding inside a pixel, the pixel is padding. MismatchError if the image has
    another size than the geometry was made for.
    """
    if image.size != geometry.image_size:
        raise MismatchError(f"image of {image.size} drawn with geometry of {geometry.image_size}")
    view = Image.new("RGB", geometry.view_size(side), geometry.fill)
    width, height = geometry.image_size
    left, top, right, bottom = geometry.render_box((0, 0, width, height), side)
    columns = _whole_pixels(left, right, view.width)
    rows = _whole_pixels(top, bottom, view.height)
    # The exact part of the original that lies under these whole pixels of the view.
    part = (
        max(0.0, (columns[0] - left) * width / (right - left)),
        max(0.0, (rows[0] - top) * height / (bottom - top)),
        min(float(width), (columns[1] - left) * width / (right - left)),
        min(float(height), (rows[1] - top) * height / (bottom - top)),
    )
    size = (columns[1] - columns[0], rows[1] - rows[0])
    resized = image.convert("RGB").resize(size, Image.Resampling.BICUBIC, box=part)
    view.paste(resized, (columns[0], rows[0]))
    return view


def draw_region(
    image: Image.Image, geometry: Geometry, patch: Patch, side: int = SIDE
) -> Image.Image:
    """Return the canvas with the patch's 3x3 region outlined in red and lightly tinted."""
    return _boxed(canvas_view(image, geometry, side), region_pixels(geometry, patch, side))


def crop_region(
    image: Image.Image, geometry: Geometry, patch: Patch, side: int = SIDE
) -> Image.Image:
    """Return the same region cut from the canvas without the box, not enlarged."""
    return canvas_view(image, geometry, side).crop(region_pixels(geometry, patch, side))


def shown_pictures(
    image: Image.Image, geometry: Geometry, patches: Sequence[Patch]
) -> Iterator[tuple[Image.Image, Image.Image]]:
    """Yield the boxed canvas and the crop of every patch of one image, the canvas drawn once."""
    view = canvas_view(image, geometry)
    for patch in patches:
        region = region_pixels(geometry, patch)
        yield _boxed(view, region), view.crop(region)


def region_pixels(geometry: Geometry, patch: Patch, side: int = SIDE) -> tuple[int, int, int, int]:
    """Return the region's left, top, right, bottom in view pixels, right and bottom exclusive."""
    width, height = geometry.view_size(side)
    left, top, right, bottom = (round(edge) for edge in geometry.render_box(patch.region, side))
    return max(0, left), max(0, top), min(width, right), min(height, bottom)


def png_bytes(image: Image.Image) -> bytes:
    """Return the image as PNG; equal pixels give equal bytes."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def picture_hash(boxed: Image.Image, crop: Image.Image) -> str:
    """Return the sha256 over sizes and RGB pixels of both pictures, however they are encoded."""
    hasher = hashlib.sha256()
    for picture in (boxed, crop):
        hasher.update(f"{picture.width}x{picture.height}".encode())
        hasher.update(picture.convert("RGB").tobytes())
    return hasher.hexdigest()


def _boxed(view: Image.Image, region: tuple[int, int, int, int]) -> Image.Image:
    left, top, right, bottom = region
    layer = Image.new("RGBA", view.size, (0, 0, 0, 0))
    ImageDraw.Draw(layer).rectangle(
        (left, top, right - 1, bottom - 1), fill=_TINT, outline=_OUTLINE, width=_OUTLINE_WIDTH
    )
    return Image.alpha_composite(view.convert("RGBA"), layer).convert("RGB")


def _whole_pixels(start: float, end: float, side: int) -> tuple[int, int]:
    """Return the view pixels that [start, end) covers wholly, at least one."""
    slack = 1e-6
    first, last = max(0, math.ceil(start - slack)), min(side, math.floor(end + slack))
    if first < last:
        return first, last
    middle = min(side - 1, max(0, math.floor((start + end) / 2)))
    return middle, middle + 1
