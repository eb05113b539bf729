"""Every kind of image file becomes upright RGB on white, or one line that says why not."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.core.errors import DataError
from harness.data.sources import decode


def _plain(colour: str, size: tuple[int, int] = (9, 5)) -> Image.Image:
    return Image.new("RGB", size, colour)


def _encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_truncated_images_are_unreadable(kind: str) -> None:
    """Half a picture is never shown as a whole one."""
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    data = _encoded(Image.fromarray(noise), kind)
    with pytest.raises(DataError, match="cannot read image half"):
        decode(data[: len(data) // 2], "half")


_SAMPLES = [
    _encoded(Image.linear_gradient("L").resize((24, 24)).convert("RGB"), kind)
    for kind in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
]


@pytest.mark.filterwarnings("ignore:.*(EXIF|Tag data|decompression bomb|Metadata)")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(_SAMPLES), st.data())
def test_damaged_images_are_read_or_refused(sample: bytes, data: st.DataObject) -> None:
    """No other exception leaves the decoder."""
    damaged = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(sample) - 1))] = data.draw(st.integers(0, 255))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000)
        try:
            assert decode(bytes(damaged), "damaged").mode == "RGB"
        except DataError as error:
            assert "damaged" in str(error)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("RGBA", (3, 3), (255, 0, 0, 255)), (255, 0, 0)),
        (Image.new("RGBA", (3, 3), (255, 0, 0, 0)), (255, 255, 255)),
        (Image.new("LA", (3, 3), (0, 51)), (204, 204, 204)),
        (Image.new("L", (3, 3), 77), (77, 77, 77)),
        (Image.new("1", (3, 3), 1), (255, 255, 255)),
        (Image.new("RGB", (3, 3), (9, 200, 30)).quantize(4), (9, 200, 30)),
        (Image.fromarray(np.full((3, 3), 65535, np.uint16)), (255, 255, 255)),
        (Image.fromarray(np.full((3, 3), 257 * 100, np.uint16)), (100, 100, 100)),
    ],
)
def test_every_colour_mode_becomes_rgb_on_white(
    image: Image.Image, expected: tuple[int, int, int]
) -> None:
    """Transparency is laid over white; 16 bits are scaled, not cut off."""
    decoded = decode(_encoded(image), "x")
    assert decoded.mode == "RGB"
    assert decoded.getpixel((1, 1)) == expected


def test_transparent_palette_is_laid_over_white() -> None:
    """The colour under full transparency is not shown."""
    image = Image.new("P", (3, 3), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    assert decode(_encoded(image, "PNG", transparency=0), "x").getpixel((1, 1)) == (255,) * 3


def test_cmyk_and_other_exotic_modes() -> None:
    """Print colours are converted, floating-point pixels refused."""
    assert decode(_encoded(Image.new("CMYK", (8, 8)), "JPEG"), "x").getpixel((1, 1)) == (255,) * 3
    with pytest.raises(DataError, match="floating-point"):
        decode(_encoded(Image.new("F", (3, 3), 0.5), "TIFF"), "x")
    with pytest.raises(DataError, match="16 bits"):
        decode(_encoded(Image.fromarray(np.full((3, 3), 1 << 20, np.int32)), "TIFF"), "x")


def test_first_frame_of_an_animation() -> None:
    """Later frames are ignored."""
    frames = [_plain("blue"), _plain("red")]
    data = _encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data, "x").getpixel((0, 0)) == (0, 0, 255)


def _png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """Return a PNG file written by hand, for kinds that Pillow does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)])
def test_images_without_pixels_are_one_clear_line(size: tuple[int, int]) -> None:
    """Not an image of nothing that a model would then be shown."""
    with pytest.raises(DataError, match="cannot read image zero: ") as caught:
        decode(_png(*size, 8, 2, b"\0"), "zero")
    assert len(str(caught.value).splitlines()) == 1


def test_an_empty_file_says_so() -> None:
    with pytest.raises(DataError, match=r"cannot read image x\.png: the file is empty"):
        decode(b"", "x.png")


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 1)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_extreme_shapes_are_read(kind: str, size: tuple[int, int]) -> None:
    """Whether a model can take them is its adapter's business."""
    assert decode(_encoded(_plain("red", size), kind), "x").size == size


@pytest.mark.parametrize("value", [0, 1000, 0x8080, 0xFFFF])
def test_sixteen_bits_per_channel_are_scaled_in_every_file_kind(value: int) -> None:
    """Grey PNG and TIFF of both byte orders, and colour PNG."""
    grey = np.full((4, 4), value, np.uint16)
    wanted = round(value / 257)
    little = _encoded(Image.fromarray(grey), "TIFF")
    big = _encoded(Image.frombytes("I;16B", (4, 4), grey.astype(">u2").tobytes()), "TIFF")
    row = b"\0" + struct.pack(">HHH", value, 0, 0xFFFF)
    for data in (_encoded(Image.fromarray(grey)), little, big):
        assert decode(data, "x").getpixel((1, 1)) == (wanted,) * 3
    colour = decode(_png(1, 1, 16, 2, row), "x").getpixel((0, 0))
    assert isinstance(colour, tuple)
    assert abs(colour[0] - wanted) <= 1
    assert colour[1:] == (0, 255)


def test_print_colours_as_photo_editors_store_them() -> None:
    """Adobe's JPEG files hold inverted ink values; both kinds show the same colour."""
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    plain = _encoded(ink, "TIFF")
    data = _encoded(ink, "JPEG", quality=100)
    assert b"Adobe" in data
    for encoded in (plain, data):
        pixel = decode(encoded, "x").getpixel((8, 8))
        assert isinstance(pixel, tuple)
        assert np.abs(np.subtract(pixel, (255, 0, 0))).max() <= 3


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_ends_upright(kind: str, tag: int) -> None:
    """The white corner that a viewer shows at the top left is there."""
    upright = Image.new("RGB", (48, 32), "black")
    upright.paste((255, 255, 255), (0, 0, 16, 16))
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(turns[tag]) if tag in turns else upright
    exif = Image.Exif()
    exif[0x0112] = tag
    decoded = np.asarray(decode(_encoded(stored, kind, exif=exif), "x").convert("L"))
    assert decoded.shape == (32, 48)
    assert decoded[4:12, 4:12].min() > 200
    assert decoded[20:, :].max() < 60
    assert decoded[:, 20:].max() < 60


def test_partly_transparent_animations_and_palettes() -> None:
    """The first frame, on white."""
    frames = [Image.new("RGBA", (6, 6), (255, 0, 0, 0)), Image.new("RGBA", (6, 6), "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = _encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert decode(data, kind).getpixel((2, 2)) == (255, 255, 255), kind
