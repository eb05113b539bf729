"""Folders of images: order, identity, colour modes and everything that can be wrong with them."""

from __future__ import annotations

import hashlib
import io
import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.core.errors import DataError, UsageError
from harness.core.records import ImageRecord
from harness.data.sources import FolderSource, ImageSource, decode, open_source


def _save(path: Path, image: Image.Image, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def _plain(colour: str, size: tuple[int, int] = (9, 5)) -> Image.Image:
    return Image.new("RGB", size, colour)


def _encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_images_are_found_in_subfolders_in_the_order_of_their_paths(tmp_path: Path) -> None:
    """Every known ending in any case; other and hidden files are left out."""
    names = ["b.PNG", "a/2.jpeg", "a/1.JPG", "a-1.webp", "c.bmp", "d.tif", "e.tiff", "f.gif"]
    for number, name in enumerate(names):
        _save(tmp_path / name, Image.new("RGB", (8, 8), (number * 20, 9, 90)))
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "._b.png").write_bytes(b"rubbish")
    (tmp_path / ".thumbs").mkdir()
    (tmp_path / ".thumbs" / "x.png").write_bytes(b"rubbish")
    source: ImageSource = FolderSource(tmp_path)
    found = [Path(record.source).relative_to(tmp_path).as_posix() for record in source.records()]
    assert found == sorted(names)
    assert source.name == str(tmp_path)


def test_a_record_is_the_content_not_the_place(tmp_path: Path) -> None:
    """The id is the sha256 of the file's bytes."""
    path = _save(tmp_path / "x.png", _plain("red"))
    (record,) = FolderSource(tmp_path).records()
    assert record.image_id == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (record.width, record.height, record.source) == (9, 5, str(path))
    assert FolderSource(tmp_path).labels(record, (0, 0, 9, 5), (1, 1)) is None
    assert FolderSource(tmp_path).captions(record) is None


def test_a_changed_or_lost_image_is_refused(tmp_path: Path) -> None:
    """Also if it is still a fine image."""
    path = _save(tmp_path / "x.png", _plain("red"))
    source = FolderSource(tmp_path)
    (record,) = source.records()
    assert source.open(record).getpixel((0, 0)) == (255, 0, 0)
    _save(path, _plain("blue"))
    with pytest.raises(DataError, match=r"x\.png was changed"):
        source.open(record)
    path.unlink()
    with pytest.raises(DataError, match=r"cannot read image .*x\.png: No such file"):
        source.open(record)


def test_copies_count_once_and_are_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The first by path is kept."""
    first = _save(tmp_path / "a.png", _plain("red"))
    (tmp_path / "b.png").write_bytes(first.read_bytes())
    _save(tmp_path / "c.png", _plain("blue"))
    with caplog.at_level(logging.INFO):
        source = FolderSource(tmp_path)
    assert [Path(r.source).name for r in source.records()] == ["a.png", "c.png"]
    assert source.duplicates == ((tmp_path / "b.png", first),)
    assert "1 of the images" in caplog.text
    assert "b.png of a.png" in caplog.text


def test_limit_counts_distinct_images_and_leaves_the_rest_unread(tmp_path: Path) -> None:
    """A broken file behind the limit does not matter."""
    for name in ("a", "b"):
        _save(tmp_path / f"{name}.png", _plain("red"))
    _save(tmp_path / "c.png", _plain("blue"))
    (tmp_path / "d.png").write_bytes(b"broken")
    assert len(FolderSource(tmp_path, 1).records()) == 1
    source = open_source(str(tmp_path), 2)
    assert [Path(r.source).name for r in source.records()] == ["a.png", "c.png"]
    with pytest.raises(DataError, match=r"d\.png"):
        open_source(str(tmp_path), 3)


@pytest.mark.parametrize("limit", [0, -1])
def test_limits_below_one_are_refused(tmp_path: Path, limit: int) -> None:
    """For folders and scenes."""
    for text in (str(tmp_path), "scenes:heldout"):
        with pytest.raises(UsageError, match=f"limit {limit}"):
            open_source(text, limit)


def test_folders_without_images_are_refused(tmp_path: Path) -> None:
    """Missing, a file, empty: each has its own line."""
    with pytest.raises(UsageError, match="no such folder"):
        FolderSource(tmp_path / "gone")
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(UsageError, match="this is a file"):
        FolderSource(tmp_path / "x.txt")
    with pytest.raises(UsageError, match="no images in it"):
        FolderSource(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_unreadable_images_name_the_file(tmp_path: Path, content: bytes) -> None:
    """Before a run starts."""
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read image .*bad\.png"):
        FolderSource(tmp_path)


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


def test_orientation_tag_is_applied(tmp_path: Path) -> None:
    """Tag 6 means: turn a quarter to the right; width and height are those of the upright image."""
    image = Image.new("RGB", (40, 20), "black")
    image.paste((255, 255, 255), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    _save(tmp_path / "x.jpg", image, exif=exif, quality=95)
    source = FolderSource(tmp_path)
    (record,) = source.records()
    upright = source.open(record)
    assert (record.width, record.height) == upright.size == (20, 40)
    assert upright.getpixel((10, 5)) == (255, 255, 255)
    assert upright.getpixel((10, 35)) == (0, 0, 0)


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


class _Scenes:
    def __init__(self, text: str, limit: int | None) -> None:
        self.name = text
        self.limit = limit

    def records(self) -> tuple[ImageRecord, ...]:
        return ()


@pytest.mark.parametrize("text", ["scenes:heldout", "scenes:7+100"])
def test_scenes_are_opened_by_their_own_source(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawing code is imported only then."""
    module = ModuleType("harness.mini.source")
    module.__dict__["SceneSource"] = _Scenes
    monkeypatch.setitem(sys.modules, "harness.mini.source", module)
    source = open_source(text, 5)
    assert isinstance(source, _Scenes)
    assert (source.name, source.limit) == (text, 5)


@pytest.mark.parametrize("text", ["scenes:", "scenes:all", "scenes:5", "scenes:-1+5", "scenes:a+b"])
def test_unknown_sets_of_scenes_are_refused(text: str) -> None:
    """The message says both forms."""
    with pytest.raises(UsageError, match=r"scenes:heldout or scenes:SEED\+COUNT"):
        open_source(text)
