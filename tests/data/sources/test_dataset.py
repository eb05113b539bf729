"""Columns of images and of links: bytes as stored, copies once, and what can be wrong."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from harness.core.errors import DataError, UsageError
from harness.core.ids import sha256_bytes
from harness.data.sources import open_source
from harness.data.sources.store import ImageStore
from tests.data.sources.server import Reply, Site, picture

RED, BLUE, GREEN = picture("red"), picture("blue", (5, 7)), picture("green")


@pytest.fixture(autouse=True)
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the package with its cache in a folder of the test."""
    datasets = importlib.import_module("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return datasets


def saved(datasets: Any, cells: list[bytes | None], kind: str = "parquet", **more: Any) -> None:
    """Write the folder ``d``, whose column ``image`` has these files in it."""
    rows = [None if cell is None else {"bytes": cell, "path": None} for cell in cells]
    features = datasets.Features(image=datasets.Image()) if not more else None
    table = datasets.Dataset.from_dict({"image": rows} | more, features=features)
    table = table.cast_column("image", datasets.Image())
    if kind == "parquet":
        Path("d").mkdir(exist_ok=True)
        table.to_parquet("d/train.parquet")
    else:
        table.save_to_disk("d")


@pytest.mark.parametrize("kind", ["parquet", "save_to_disk"])
def test_images_are_identified_by_their_bytes_as_stored(datasets: Any, kind: str) -> None:
    """They are not encoded anew, and come in the order of the rows."""
    saved(datasets, [RED, BLUE], kind)
    source = open_source("hf:d")
    first, second = source.records()
    assert [first.image_id, second.image_id] == [sha256_bytes(RED), sha256_bytes(BLUE)]
    assert (second.width, second.height) == (5, 7)
    assert second.source == f"{source.name} row 2"
    assert source.open(second).getpixel((0, 0)) == (0, 0, 255)
    assert source.labels(first, (0, 0, 8, 6), (1, 1)) is None
    assert source.captions(first) is None
    assert open_source(source.name).records() == source.records()


def test_a_folder_of_image_files_as_the_package_reads_it() -> None:
    """Cells have a path and no bytes then."""
    for name, data in (("a", RED), ("b", BLUE)):
        path = Path("d") / "train" / name / "0.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    records = open_source("hf:d").records()
    assert [record.image_id for record in records] == [sha256_bytes(RED), sha256_bytes(BLUE)]


def test_plain_parquet_files_without_the_marks_of_the_package() -> None:
    Path("d").mkdir()
    cells = [{"bytes": RED, "path": "r.png"}, {"bytes": BLUE, "path": None}]
    pq.write_table(pa.table({"picture": cells, "raw": [GREEN, RED]}), "d/train.parquet")
    assert [r.image_id for r in open_source("hf:d#picture").records()] == [
        sha256_bytes(RED),
        sha256_bytes(BLUE),
    ]
    assert open_source("hf:d#raw", 1).records()[0].image_id == sha256_bytes(GREEN)


def test_copies_and_empty_cells_are_told_of(
    datasets: Any, caplog: pytest.LogCaptureFixture
) -> None:
    saved(datasets, [None, RED, RED, BLUE, None])
    with caplog.at_level(logging.INFO):
        source = open_source("hf:d")
    assert [record.image_id for record in source.records()] == [
        sha256_bytes(RED),
        sha256_bytes(BLUE),
    ]
    assert "left out 2 rows without an image and 1 copies" in caplog.text


def test_the_limit_counts_distinct_images_and_leaves_the_rest_unread(datasets: Any) -> None:
    saved(datasets, [RED, RED, BLUE, b"broken"])
    assert len(open_source("hf:d", 2).records()) == 2
    with pytest.raises(DataError, match="cannot read image hf:d.*#image row 4: not an image"):
        open_source("hf:d")


def test_a_dataset_without_images_is_refused(datasets: Any) -> None:
    saved(datasets, [None, None], note=["a", "b"])
    with pytest.raises(DataError, match="no images in 2 rows"):
        open_source("hf:d#image")


def test_changed_and_lost_images_are_errors(datasets: Any) -> None:
    saved(datasets, [RED])
    source = open_source("hf:d")
    path = ImageStore().path(sha256_bytes(RED))
    path.write_bytes(BLUE)
    with pytest.raises(DataError, match="was changed"):
        source.open(source.records()[0])
    path.unlink()
    with pytest.raises(DataError, match="is gone from"):
        source.open(source.records()[0])
    assert open_source("hf:d").open(source.records()[0]).size == (8, 6)


def test_the_column_is_chosen_only_if_clear(
    datasets: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Images go before links; of several, an obvious name decides."""
    saved(datasets, [RED], caption=["a cat"], url=["http://a.b/c.png"])
    with caplog.at_level(logging.INFO):
        assert open_source("hf:d").name.endswith("#image")
    assert "images are in column 'image'" in caplog.text
    with pytest.raises(UsageError, match="column 'caption' holds neither images nor links"):
        open_source("hf:d#caption")
    with pytest.raises(UsageError, match="column 'x' does not exist; .* links: image, url"):
        open_source("hf:d#x")
    pq.write_table(pa.table({"left": [RED], "right": [BLUE]}), "d/train.parquet")
    with pytest.raises(UsageError, match=r"name the column as hf:d:default/train#COLUMN; .*: left"):
        open_source("hf:d")
    pq.write_table(pa.table({"text": ["a cat"]}), "d/train.parquet")
    with pytest.raises(UsageError, match="no column holds images or links, of text"):
        open_source("hf:d")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_links_are_downloaded(site: Site, ending: str, caplog: pytest.LogCaptureFixture) -> None:
    urls = [site.url("/a", RED), "", site.url("/gone", Reply(code=404)), site.url("/b", BLUE)]
    Path("d").mkdir()
    if ending == "csv":
        Path("d/train.csv").write_text("link,note\n" + "".join(f"{url},x\n" for url in urls))
    else:
        table = pa.table({"link": [url or None for url in urls], "note": ["x"] * 4})
        pq.write_table(table, "d/train.parquet")
    with caplog.at_level(logging.INFO):
        source = open_source("hf:d")
    assert [record.source for record in source.records()] == [urls[0], urls[3]]
    assert source.open(source.records()[1]).size == (5, 7)
    assert "1 of 3 links are dead" in caplog.text
    assert "1 rows have no address" in caplog.text


def test_the_manifest_of_links_belongs_to_the_folder(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Named from elsewhere it is the same; another folder of the same name has its own."""
    Path("d").mkdir()
    pq.write_table(pa.table({"url": [site.url("/a", RED)]}), "d/train.parquet")
    first = open_source("hf:d").records()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert open_source("hf:../d").records() == open_source(f"hf:{tmp_path}/d").records() == first
    assert site.asked == {"/a": 1}
    assert len(list((ImageStore().folder / "sources").iterdir())) == 1


def test_a_dataset_that_breaks_off_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("d").mkdir()
    Image.new("RGB", (4, 4)).save("x.png")
    lines = ['{"url": "ftp://a.b/c", "image_url": "http://a.b"}'] * 30_000 + ["{"]
    Path("d/train.jsonl").write_text("\n".join(lines))
    with pytest.raises(DataError, match="cannot read images"):
        open_source("hf:d#image_url", 5)
