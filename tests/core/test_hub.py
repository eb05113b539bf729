"""Checkpoints of the hub: the cache first, then a download, then one clear line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import huggingface_hub
import pytest
from huggingface_hub.errors import (
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)

from harness.core.errors import UsageError
from harness.core.hub import hub_path, is_hub_id
from harness.core.ids import sha256_bytes
from harness.core.model_files import model_hash

Download = Callable[..., str]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Qwen/Qwen2-VL-7B-Instruct", True),
        ("llava-hf/llava-1.5-7b-hf@0123abc", True),
        ("owner/name@refs/pr/3", True),
        ("mini", False),
        ("a/b/c", False),
        ("./a/b", False),
        ("owner/", False),
    ],
)
def test_form_of_an_id(text: str, expected: bool) -> None:
    """Owner and name, perhaps a revision."""
    assert is_hub_id(text) is expected


def _snapshot(path: Path, *, shards: int, present: int) -> Path:
    path.mkdir()
    (path / "config.json").write_text("{}")
    names = [f"model-{n}.safetensors" for n in range(shards)]
    index = {"weight_map": {f"weight.{n}": name for n, name in enumerate(names)}}
    (path / "model.safetensors.index.json").write_text(json.dumps(index))
    for name in names[:present]:
        (path / name).write_bytes(b"0")
    return path


def _answer(monkeypatch: pytest.MonkeyPatch, cached: Path | None, online: Any) -> list[str]:
    """Stand in for the hub client; return the list of downloads that are then made."""
    asked: list[str] = []

    def download(name: str, *, local_files_only: bool = False, **_: object) -> str:
        if local_files_only:
            if cached is None:
                raise LocalEntryNotFoundError("not cached")
            return str(cached)
        asked.append(name)
        if isinstance(online, Exception):
            raise online
        return str(online)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    return asked


def test_a_whole_snapshot_in_the_cache_needs_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = _snapshot(tmp_path / "snapshot", shards=2, present=2)
    asked = _answer(monkeypatch, cached, RuntimeError("no network"))
    assert hub_path("owner/name") == cached
    assert asked == []


def test_a_snapshot_that_cannot_be_completed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network the library returns what it has."""
    half = _snapshot(tmp_path / "half", shards=2, present=1)
    _answer(monkeypatch, half, half)
    with pytest.raises(UsageError, match="lacks some of its weights"):
        hub_path("owner/name")


def test_half_a_snapshot_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that was broken off lacks a shard."""
    cached = _snapshot(tmp_path / "half", shards=2, present=1)
    whole = _snapshot(tmp_path / "whole", shards=2, present=2)
    asked = _answer(monkeypatch, cached, whole)
    assert hub_path("owner/name@main") == whole
    assert asked == ["owner/name"]


def test_old_weights_are_fetched_only_where_there_are_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint from before safetensors is asked for a second time."""
    old = _snapshot(tmp_path / "old", shards=0, present=0)
    (old / "model.safetensors.index.json").unlink()
    patterns: list[list[str]] = []

    def download(name: str, *, allow_patterns: list[str] | None = None, **_: Any) -> str:
        if allow_patterns is None:
            raise LocalEntryNotFoundError("nothing cached")
        patterns.append(allow_patterns)
        if "pytorch_model*.bin" in allow_patterns:
            (old / "pytorch_model.bin").write_bytes(b"0")
        return str(old)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert hub_path("owner/name") == old
    assert [("*.safetensors" in asked) for asked in patterns] == [True, False]
    asked = _answer(monkeypatch, old, RuntimeError("no network"))
    assert hub_path("owner/name") == old
    assert asked == []


def _response(status: int) -> httpx2.Response:
    return httpx2.Response(status, request=httpx2.Request("GET", "http://localhost"))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (LocalEntryNotFoundError("offline"), r"--local-dir DIR`, then give DIR"),
        (OSError("network is down"), r"cannot be reached"),
        (RepositoryNotFoundError("404", response=_response(404)), "no such checkpoint"),
        (GatedRepoError("403", response=_response(403)), "hf auth login"),
    ],
)
def test_failures_say_what_to_do(
    error: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(monkeypatch, None, error)
    with pytest.raises(UsageError, match=message) as raised:
        hub_path("owner/name")
    assert "owner/name" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_of_the_cache_is_hashed_by_its_name(tmp_path: Path) -> None:
    """The cache stores large files under their sha256; a copy elsewhere has the same hash."""
    content = b"weights"
    blobs, snapshot, copy = (tmp_path / name for name in ("blobs", "snapshot", "copy"))
    for folder in (blobs, snapshot, copy):
        folder.mkdir()
    blob = blobs / sha256_bytes(content)
    blob.write_bytes(content)
    (snapshot / "model.safetensors").symlink_to(blob)
    (copy / "model.safetensors").write_bytes(content)
    assert model_hash(snapshot) == model_hash(copy)
    blob.write_bytes(b"never read")
    assert model_hash(snapshot) == model_hash(copy)
