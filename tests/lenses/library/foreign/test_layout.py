from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.core.errors import DataError, UsageError
from lenses.library.foreign.layout import read_layout


def folder_with(path: Path, *layers: int, metadata: object = None) -> Path:
    for layer in layers:
        (path / f"layer_{layer}").mkdir()
        (path / f"layer_{layer}" / "embeddings_cache.pt").touch()
    if metadata is not None:
        (path / "metadata.json").write_text(json.dumps(metadata))
    return path


def test_layers_are_sorted_as_numbers(tmp_path: Path) -> None:
    assert read_layout(folder_with(tmp_path, 16, 2, 8, 24, 1), None).layers == (1, 2, 8, 16, 24)


def test_missing_layers_are_named(tmp_path: Path) -> None:
    folder_with(tmp_path, 2, 16, metadata={"layers": [2, 4, 16], "hidden_dim": 8})
    (tmp_path / "layer_8").mkdir()
    with pytest.raises(DataError, match=r"layer_4/embeddings_cache\.pt, layer_8/embedd.* missing"):
        read_layout(tmp_path, None)
    assert read_layout(tmp_path, [16, 2]).layers == (2, 16)
    with pytest.raises(DataError, match=r"layer_3/embeddings_cache\.pt missing"):
        read_layout(tmp_path, [2, 3])


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"layer_<i>/embeddings_cache\.pt missing"):
        read_layout(tmp_path, None)


def test_layer_zero_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder_with(tmp_path, 0, 1)
    with caplog.at_level("INFO", logger="lensbench"):
        assert read_layout(tmp_path, None).layers == (1,)
    assert "layer 0 is left out" in caplog.text
    with pytest.raises(UsageError, match="layer 0 holds input embeddings"):
        read_layout(tmp_path, [0, 1])


def test_what_both_writers_record(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    library = read_layout(folder_with(tmp_path / "a", 1, metadata={"hidden_dim": 8}), None)
    assert (library.model, library.hidden, library.cap) == (None, 8, None)
    recorded = {
        "model_name": "owner/name",
        "layers_extracted": [1],
        "max_captions_per_token": 20,
        "position_filtering": {"enabled": False},
    }
    (tmp_path / "b").mkdir()
    paper = read_layout(folder_with(tmp_path / "b", 1, metadata=recorded), None)
    assert (paper.model, paper.hidden, paper.cap) == ("owner/name", None, 20)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot read"),
        ("[1]", "expected a JSON object"),
        ('{"layers": "1,2"}', "expected a list of numbers"),
        ('{"lensbench": {"key": {}}}', "bad 'lensbench' at 'key"),
    ],
)
def test_bad_metadata_is_named(tmp_path: Path, content: str, message: str) -> None:
    folder_with(tmp_path, 1)
    (tmp_path / "metadata.json").write_text(content)
    with pytest.raises(DataError, match=message):
        read_layout(tmp_path, None)
