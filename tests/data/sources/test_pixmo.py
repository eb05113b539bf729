"""PixMo-Cap by name: a fixed order of its links, captions known, dead links replaced."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import constants
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError, UsageError
from harness.data.sources import open_source
from harness.data.sources.pixmo import validation_order
from tests.data.sources.server import Reply, Site, picture

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = importlib.import_module("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)


def table(urls: list[str | None]) -> pa.Table:
    """Return rows as the dataset has them; the first link comes a second time at the end."""
    return pa.table(
        {
            "image_url": [*urls, urls[0]],
            "caption": [f"caption {number}" for number in range(len(urls))] + ["again"],
            "transcripts": [["one", "two"]] * len(urls) + [[]],
        }
    )


def write(folder: Path, content: pa.Table) -> None:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    pq.write_table(content, folder / "data" / "train-00000-of-00001.parquet")


def publish(tmp_path: Path, content: pa.Table) -> None:
    """Put the dataset into the hub's cache."""
    repository = tmp_path / "hub" / "datasets--allenai--pixmo-cap"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    write(repository / "snapshots" / COMMIT, content)


@given(st.permutations([f"http://a.b/{number}" for number in range(30)]))
def test_the_order_depends_on_the_links_alone(urls: list[str]) -> None:
    order = validation_order(urls)
    assert order == validation_order(sorted(urls))
    without = [url for url in urls if url != order[4]]
    assert validation_order(without) == [*order[:4], *order[5:]]


def test_the_order_is_the_published_one() -> None:
    """A change of the rule would be another set of images under the same name."""
    urls = ["http://a.b/1", "http://a.b/2", "http://a.b/3"]
    keys = {
        url: hashlib.sha256(b"lensbench pixmo-cap validation 1\0" + url.encode()).hexdigest()
        for url in urls
    }
    assert validation_order(urls) == sorted(urls, key=keys.__getitem__)


def test_living_images_with_captions(site: Site, tmp_path: Path) -> None:
    """A dead link is replaced by the next one of the order."""
    urls: list[str | None] = [
        site.url(f"/{number}", picture((number, 7, 7))) for number in range(12)
    ]
    order = validation_order([url for url in urls if url])
    site.url(order[1].removeprefix(site.base), Reply(code=404))
    publish(tmp_path, table([*urls, None]))
    source = open_source("pixmo-cap", 3)
    assert source.name == f"pixmo-cap@{COMMIT}"
    assert [record.source for record in source.records()] == [order[0], order[2], order[3]]
    whole = open_source(source.name)
    assert whole.records()[:3] == source.records()
    assert len(whole.records()) == 11
    for record in whole.records():
        number = urls.index(record.source)
        told = [f"caption {number}", "one", "two", *(["again"] if number == 0 else [])]
        assert whole.captions(record) == tuple(told)
    assert whole.labels(whole.records()[0], (0, 0, 8, 6), (1, 1)) is None


def test_the_set_has_its_size(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more than the whole of it, whatever the limit."""
    monkeypatch.setattr("harness.data.sources.pixmo.IMAGES", 4)
    publish(tmp_path, table([site.url(f"/{n}", picture((n, 7, 7))) for n in range(12)]))
    assert len(open_source("pixmo-cap").records()) == 4
    assert len(open_source("pixmo-cap", 9).records()) == 4


def test_a_folder_and_the_hub_share_what_is_known_of_links(site: Site, tmp_path: Path) -> None:
    rows = table([site.url("/1", picture("red")), site.url("/2", picture("blue"))])
    publish(tmp_path, rows)
    write(tmp_path / "copy", rows)
    source = open_source("pixmo-cap:copy")
    assert source.name == "pixmo-cap:copy"
    assert source.records() == open_source("pixmo-cap").records()
    assert set(site.asked.values()) == {1}


@pytest.mark.parametrize("text", ["pixmo-cap:", "pixmo-cap@", "pixmo-cap@a b", "pixmo-cap:gone"])
def test_wrong_names(text: str) -> None:
    with pytest.raises(UsageError, match=r"expected pixmo-cap\[@REVISION\] or pixmo-cap:FOLDER"):
        open_source(text)


def test_without_a_network_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="dataset allenai/pixmo-cap', or name .* pixmo-cap:FOLDER"):
        open_source("pixmo-cap")


def test_another_dataset_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "copy", pa.table({"url": ["http://a.b/1"]}))
    with pytest.raises(DataError, match="cannot read the columns image_url, caption, transcripts"):
        open_source("pixmo-cap:copy")
