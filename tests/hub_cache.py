"""Datasets on disk: in folders, and in a hub cache of the test's own."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import constants

COMMIT = "0123456789abcdef0123456789abcdef01234567"
"""The commit of ``owner/name`` in the cache."""


@pytest.fixture
def own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the ``datasets`` package with its caches in a folder of the test, which is entered."""
    datasets = importlib.import_module("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    return datasets


def write_parquet(path: Path, table: pa.Table) -> Path:
    """Write a table, making folders as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def cache_dataset(tmp_path: Path, table: pa.Table) -> Path:
    """Put ``owner/name`` into the hub's cache, as its main branch; return the snapshot."""
    repository = tmp_path / "hub" / "datasets--owner--name"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    snapshot = repository / "snapshots" / COMMIT
    write_parquet(snapshot / "data" / "train-00000-of-00001.parquet", table)
    return snapshot
