"""The store of images and sources that read from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import DataError
from harness.core.ids import sha256_bytes
from harness.core.records import ImageRecord
from harness.data.sources.store import VARIABLE, ImageStore, cache_folder
from harness.data.sources.stored import StoredSource
from tests.data.sources.server import picture


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Our own variable, then the user's cache folder, then its usual place."""
    assert ImageStore().folder == Path(tmp_path / "lensbench-cache" / "images")
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache_folder() == Path("/elsewhere/lensbench")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_folder() == Path("/home/me/.cache/lensbench")


def test_content_decides_the_name(store: ImageStore) -> None:
    image_id = store.put(b"content")
    assert image_id == sha256_bytes(b"content")
    assert store.put(b"content") == image_id
    assert store.get(image_id) == b"content"
    assert store.path(image_id).name == image_id
    assert store.get(sha256_bytes(b"other")) is None


def test_a_changed_file_is_an_error(store: ImageStore) -> None:
    image_id = store.put(b"content")
    store.path(image_id).write_bytes(b"changed")
    with pytest.raises(DataError, match=f"image .*{image_id} was changed: .*delete the file"):
        store.get(image_id)


def test_unreadable_and_unwritable_files_are_named(store: ImageStore, tmp_path: Path) -> None:
    image_id = sha256_bytes(b"content")
    store.path(image_id).mkdir(parents=True)
    with pytest.raises(DataError, match=f"cannot read image .*{image_id}"):
        store.get(image_id)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="a file is in the way of a folder"):
        ImageStore(tmp_path / "file").put(b"content")


def test_a_source_opens_what_its_records_say(store: ImageStore) -> None:
    data = picture("red")
    record = ImageRecord(image_id=store.put(data), source="row 1", width=8, height=6)
    source = StoredSource("name", store, [record], {record.image_id: ("red",)})
    assert source.records() == (record,)
    assert source.open(record).getpixel((0, 0)) == (255, 0, 0)
    assert source.labels(record, (0, 0, 8, 6), (1, 1)) is None
    assert source.captions(record) == ("red",)
    assert StoredSource("name", store, [record]).captions(record) is None
    store.path(record.image_id).unlink()
    with pytest.raises(DataError, match=r"image row 1 is gone from .*fetch it"):
        source.open(record)
