"""Folders, globs and single files: order, identity, and everything that can be wrong with them."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness.core.errors import DataError, UsageError
from harness.data.sources import FolderSource, ImageSource, open_source


def _save(path: Path, image: Image.Image, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def _plain(colour: str, size: tuple[int, int] = (9, 5)) -> Image.Image:
    return Image.new("RGB", size, colour)


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


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three images at two depths and a note, in the working folder."""
    _save(tmp_path / "photos" / "b.png", _plain("red"))
    _save(tmp_path / "photos" / "trip" / "a.jpg", _plain("blue"))
    _save(tmp_path / "photos" / "trip" / "c.png", _plain("green"))
    (tmp_path / "photos" / "notes.md").write_text("no image")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("photos/**/*.png", ["photos/b.png", "photos/trip/c.png"]),
        ("photos/*", ["photos/b.png"]),
        ("photos/trip/[a-b].*", ["photos/trip/a.jpg"]),
        ("photos/trip/a.jpg", ["photos/trip/a.jpg"]),
        ("photos", ["photos/b.png", "photos/trip/a.jpg", "photos/trip/c.png"]),
    ],
)
def test_globs_folders_and_files_name_images(album: Path, text: str, expected: list[str]) -> None:
    """By path; what is no image file is left out."""
    source = open_source(text)
    assert [record.source for record in source.records()] == expected
    assert source.name == text
    assert open_source(text, 1).records() == source.records()[:1]
    assert source.open(source.records()[0]).size == (9, 5)


def test_a_folder_with_signs_of_a_glob_in_its_name_is_a_folder(album: Path) -> None:
    """What exists is taken as it is."""
    (album / "photos").rename(album / "photos [2024]")
    assert len(open_source("photos [2024]").records()) == 3


def test_globs_and_files_that_name_no_image_are_refused(album: Path) -> None:
    """Each has its own line."""
    with pytest.raises(UsageError, match=r"'photos/\*\.jpg': nothing matches \(known: \.jpg"):
        open_source("photos/*.jpg")
    with pytest.raises(UsageError, match="no image among the 1 that match"):
        open_source("photos/*.md")
    with pytest.raises(UsageError, match=r"'photos/notes\.md': not an image file"):
        open_source("photos/notes.md")
