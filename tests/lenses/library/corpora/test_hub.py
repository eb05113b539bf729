"""Datasets in folders and in the hub's cache, read by the real packages without a network."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harness.core.errors import DataError, UsageError
from lenses.library.corpora.hub import open_dataset
from lenses.library.corpus import read_corpus
from tests.hub_cache import COMMIT, cache_dataset, own_caches, write_parquet

__all__ = ["own_caches"]

TABLE = pa.table({"caption": ["a cat", None, "two\nlines"], "size": [1, 2, 3]})


@pytest.fixture(autouse=True)
def datasets(own_caches: Any) -> Any:
    """Return the package with its caches in a folder of the test."""
    return own_caches


def parquet(path: Path, table: pa.Table = TABLE) -> Path:
    return write_parquet(path, table)


def cached(tmp_path: Path) -> Path:
    return cache_dataset(tmp_path, TABLE)


def test_a_folder_of_files(tmp_path: Path) -> None:
    """By its path, with or without the prefix; the resolved name reads the same again."""
    parquet(tmp_path / "shots" / "train.parquet")
    corpus = read_corpus("shots")
    assert corpus.name == "hf:shots:default/train#caption"
    assert corpus.lines == ("a cat", "two lines")
    assert (corpus.read, corpus.empty) == (3, 1)
    assert read_corpus(corpus.name) == corpus
    assert read_corpus(f"{tmp_path}/shots#caption").lines == corpus.lines


def test_what_save_to_disk_wrote(tmp_path: Path, datasets: Any) -> None:
    rows = datasets.Dataset(TABLE)
    rows.save_to_disk(tmp_path / "one")
    datasets.DatasetDict(train=rows, test=rows.select([0])).save_to_disk(tmp_path / "two")
    assert read_corpus("hf:one").name == "hf:one#caption"
    assert read_corpus("hf:one").lines == ("a cat", "two lines")
    assert read_corpus("hf:two").name == "hf:two:/train#caption"
    assert read_corpus("hf:two:/test#caption").lines == ("a cat",)
    with pytest.raises(UsageError, match="a saved dataset has no config 'en'"):
        open_dataset("hf:two:en")


def test_splits_and_configs_are_chosen_only_if_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parquet(tmp_path / "splits" / "train.parquet")
    parquet(tmp_path / "splits" / "test.parquet", TABLE.slice(0, 1))
    with caplog.at_level(logging.INFO):
        assert len(read_corpus("hf:splits").lines) == 2
    assert "split train of test, train" in caplog.text
    assert read_corpus("hf:splits:default/test").lines == ("a cat",)
    with pytest.raises(UsageError, match="no split 'dev'; splits: test, train"):
        open_dataset("hf:splits:default/dev")
    (tmp_path / "splits" / "train.parquet").rename(tmp_path / "splits" / "validation.parquet")
    with pytest.raises(UsageError, match="name the split; splits: test, validation"):
        open_dataset("hf:splits")
    card = "".join(
        f"- config_name: {name}\n  data_files: {name}.parquet\n" for name in ("en", "de")
    )
    parquet(tmp_path / "tongues" / "en.parquet")
    parquet(tmp_path / "tongues" / "de.parquet", pa.table({"text": ["eine Katze"]}))
    (tmp_path / "tongues" / "README.md").write_text(f"---\nconfigs:\n{card}---\n")
    assert read_corpus("hf:tongues:de").lines == ("eine Katze",)
    with pytest.raises(UsageError, match="name the config; configs: en, de"):
        open_dataset("hf:tongues")
    with pytest.raises(UsageError, match="no config 'fr'; configs: en, de"):
        open_dataset("hf:tongues:fr")


def test_columns_of_datasets(tmp_path: Path) -> None:
    parquet(tmp_path / "d" / "train.parquet", TABLE.append_column("title", pa.array(["x"] * 3)))
    assert read_corpus("hf:d#title").lines == ("x",)
    with pytest.raises(UsageError, match="column 'size' does not hold text"):
        open_dataset("hf:d#size")
    with pytest.raises(UsageError, match="column 'txt' does not exist; .*: caption, title"):
        open_dataset("hf:d#txt")


@pytest.mark.parametrize("revision", ["", "@main", f"@{COMMIT}"])
def test_a_hub_dataset_is_named_by_its_commit(
    tmp_path: Path, revision: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is found in the cache without a network; a branch is resolved to what it stands for."""
    cached(tmp_path)
    with caplog.at_level(logging.INFO):
        corpus = read_corpus(f"hf:owner/name{revision}")
    assert corpus.name == f"hf:owner/name@{COMMIT}:default/train#caption"
    assert corpus.lines == ("a cat", "two lines")
    assert (f"taken at commit {COMMIT}" in caplog.text) == (COMMIT not in revision)


@pytest.mark.parametrize(
    "text", ["hf:owner/other", "hf:owner/name@v2", f"hf:owner/name@{'f' * 40}"]
)
def test_a_hub_dataset_that_is_not_here_says_what_to_do(tmp_path: Path, text: str) -> None:
    cached(tmp_path)
    with pytest.raises(
        DataError, match="neither on this machine .* 'hf download --repo-type "
    ) as e:
        open_dataset(text)
    assert len(str(e.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hf:", "expected hf:FOLDER_OR_ID"),
        ("hf:a:b/c/d", "expected hf:FOLDER_OR_ID"),
        ("hf:/no/such", "no such folder, and no hub id"),
        ("hf:a/b/c", "no such folder, and no hub id"),
        ("hf:a cat", "no such folder, and no hub id"),
        ("hf:here@v1", "a folder has no revision"),
    ],
)
def test_wrong_names(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "here").mkdir()
    with pytest.raises(UsageError, match=message):
        open_dataset(text)


def test_unreadable_datasets(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="cannot read corpus 'hf:empty'"):
        open_dataset("hf:empty")
    parquet(tmp_path / "broken" / "train.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="cannot read corpus 'hf:broken'"):
        open_dataset("hf:broken")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "state.json").write_text("{")
    with pytest.raises(DataError, match="cannot read corpus 'hf:saved'"):
        open_dataset("hf:saved")
    lines = ['{"text": "a cat"}'] * 70_000 + ["{"]
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "train.jsonl").write_text("\n".join(lines))
    with pytest.raises(DataError, match="cannot read corpus"):
        list(open_dataset("hf:late").cells)


def test_without_the_package_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet(tmp_path / "d" / "train.parquet")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError, match=r"needs the package datasets .*lensbench\[datasets\]"):
        open_dataset("hf:d")
