"""Datasets by folder and hub id: which rows are meant, without a network."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pyarrow as pa
import pytest
from huggingface_hub import HfApi

from harness.core.errors import DataError, UsageError
from harness.data import hub
from harness.data.hub import Address, open_rows, parse_address
from tests.hub_cache import COMMIT, cache_dataset, own_caches, write_parquet

__all__ = ["own_caches"]

TABLE = pa.table({"url": ["http://a.b/1", "http://a.b/2"]})


@pytest.fixture(autouse=True)
def datasets(own_caches: Any) -> Any:
    """Return the package with its caches in a folder of the test."""
    return own_caches


def parquet(path: Path, table: pa.Table = TABLE) -> Path:
    return write_parquet(path, table)


def cached(tmp_path: Path) -> Path:
    return cache_dataset(tmp_path, TABLE)


def opened(text: str) -> hub.Rows:
    return open_rows(text, parse_address(text))


def urls(rows: hub.Rows) -> list[str]:
    return [row["url"] for row in rows.table]


def test_the_parts_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "odd@name:x").mkdir()
    assert parse_address("hf:o/n") == Address("o/n", "", "", "", "")
    assert parse_address("hf:o/n@v1:en/test#pic") == Address("o/n", "v1", "en", "test", "pic")
    assert parse_address("hf:o/n:/test#pic") == Address("o/n", "", "", "test", "pic")
    assert parse_address("hf:odd@name:x#pic") == Address("odd@name:x", "", "", "", "pic")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hf:", "expected hf:FOLDER_OR_ID"),
        ("hf:a:b/c/d", "expected hf:FOLDER_OR_ID"),
        ("hf:/no/such", "no such folder, and no hub id"),
        ("hf:a cat", "no such folder, and no hub id"),
        ("hf:here@v1", "a folder has no revision"),
    ],
)
def test_wrong_names(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "here").mkdir()
    with pytest.raises(UsageError, match=message):
        parse_address(text)


def test_folders_of_files_and_saved_datasets(tmp_path: Path, datasets: Any) -> None:
    parquet(tmp_path / "files" / "train.parquet")
    datasets.Dataset(TABLE).save_to_disk(tmp_path / "saved")
    datasets.DatasetDict(test=datasets.Dataset(TABLE)).save_to_disk(tmp_path / "splits")
    names = {"files": "hf:files:default/train", "saved": "hf:saved", "splits": "hf:splits:/test"}
    for folder, name in names.items():
        rows = opened(f"hf:{folder}")
        assert rows.name == name
        assert rows.commit == ""
        assert urls(rows) == urls(opened(name)) == ["http://a.b/1", "http://a.b/2"]
    with pytest.raises(UsageError, match="a saved dataset has no config 'en'"):
        opened("hf:saved:en")


def test_splits_and_configs_are_chosen_only_if_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parquet(tmp_path / "d" / "train.parquet")
    parquet(tmp_path / "d" / "test.parquet", TABLE.slice(1))
    with caplog.at_level(logging.INFO):
        assert opened("hf:d").name == "hf:d:default/train"
    assert "split train of test, train" in caplog.text
    assert urls(opened("hf:d:default/test")) == ["http://a.b/2"]
    with pytest.raises(UsageError, match="no split 'dev'; splits: test, train"):
        opened("hf:d:default/dev")
    with pytest.raises(UsageError, match="no config 'fr'; configs: default"):
        opened("hf:d:fr")
    (tmp_path / "d" / "train.parquet").rename(tmp_path / "d" / "validation.parquet")
    with pytest.raises(UsageError, match="name the split; splits: test, validation"):
        opened("hf:d")


@pytest.mark.parametrize("revision", ["", "@main", f"@{COMMIT}"])
def test_a_hub_dataset_in_the_cache_needs_no_network(
    tmp_path: Path, revision: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named by its commit, whatever it was asked for by."""
    cached(tmp_path)
    with caplog.at_level(logging.INFO):
        rows = opened(f"hf:owner/name{revision}")
    assert rows.name == f"hf:owner/name@{COMMIT}:default/train"
    assert rows.commit == COMMIT
    assert len(urls(rows)) == 2
    assert (f"taken at commit {COMMIT}" in caplog.text) == (COMMIT not in revision)


@pytest.mark.parametrize("error", [None, httpx2.ConnectError("no route to host")])
def test_a_hub_dataset_that_is_not_here_says_what_to_do(
    tmp_path: Path, error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, whether it is the setting or the network."""
    cached(tmp_path)
    if error is not None:

        def refuse(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(HfApi, "dataset_info", refuse)
    with pytest.raises(
        DataError, match="neither on this machine .* name a folder as hf:FOLDER"
    ) as e:
        opened("hf:owner/other")
    assert "hf download --repo-type dataset owner/other" in str(e.value)
    assert len(str(e.value).splitlines()) == 1
    assert len(urls(opened("hf:owner/name"))) == 2


def told(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Let the hub say that a dataset has two files of together ``size`` bytes."""

    def info(self: HfApi, repo_id: str, **options: Any) -> SimpleNamespace:
        assert options["files_metadata"]
        files = [
            SimpleNamespace(rfilename="data/train.parquet", size=size - 1),
            SimpleNamespace(rfilename="README.md", size=1),
        ]
        return SimpleNamespace(sha=COMMIT, siblings=files)

    monkeypatch.setattr(HfApi, "dataset_info", info)


def test_of_a_large_dataset_rows_are_read_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, datasets: Any
) -> None:
    """By its id, at the commit that the hub named; nothing is copied."""
    parquet(tmp_path / "far" / "train.parquet")
    asked: list[tuple[str, str]] = []
    load, names = datasets.load_dataset, datasets.get_dataset_config_names

    def load_far(place: str, *, revision: str, **options: Any) -> Any:
        asked.append((place, revision))
        assert options["streaming"]
        return load("far", **options)

    def names_far(place: str, *, revision: str) -> Any:
        asked.append((place, revision))
        return names("far")

    monkeypatch.setattr(datasets, "load_dataset", load_far)
    monkeypatch.setattr(datasets, "get_dataset_config_names", names_far)
    told(monkeypatch, hub.LARGEST_COPY + 1)
    rows = opened("hf:owner/name@v2")
    assert rows.name == f"hf:owner/name@{COMMIT}:default/train"
    assert len(urls(rows)) == 2
    assert asked == [("owner/name", COMMIT)] * 2


def test_a_small_dataset_is_copied_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the commit that the hub named, which the cache then has."""
    cached(tmp_path)
    told(monkeypatch, hub.LARGEST_COPY)
    assert opened("hf:owner/name").commit == COMMIT


def test_unreadable_datasets_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="cannot read images 'hf:empty'"):
        opened("hf:empty")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "state.json").write_text("{")
    with pytest.raises(DataError, match="cannot read images 'hf:saved'"):
        opened("hf:saved")


def test_without_the_package_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet(tmp_path / "d" / "train.parquet")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError, match=r"needs the package datasets .*lensbench\[datasets\]"):
        opened("hf:d")
