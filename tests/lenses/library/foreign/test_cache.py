from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.core.errors import DataError
from lenses.library.foreign.cache import NO_ID, content_mark, read_cache, require_finite

ENTRIES = [
    {"token_str": " cat", "token_id": 7, "caption": "a cat", "position": 2},
    {"token_str": " dog", "token_id": 8, "caption": "a dog", "position": 2},
]


class Opens:
    """Would create a file if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mknod, (str(self.path),)


def saved(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)
    return path


def test_rows_of_both_writers_are_read(tmp_path: Path) -> None:
    content = {"embeddings": torch.eye(2), "metadata": ENTRIES, "token_to_indices": {" cat": [0]}}
    numbers: dict[str, int] = {"a dog": 0}
    cache = read_cache(saved(tmp_path / "x.pt", content), numbers)
    assert numbers == {"a dog": 0, "a cat": 1}
    assert cache.captions.tolist() == [1, 0]
    assert cache.positions.tolist() == [2, 2]
    assert cache.token_ids.tolist() == [7, 8]
    assert torch.equal(cache.vectors, torch.eye(2))


def test_a_missing_id_leaves_the_text_to_check_by(tmp_path: Path) -> None:
    known = [{key: value for key, value in ENTRIES[0].items() if key != "token_id"}, ENTRIES[1]]
    path = saved(tmp_path / "x.pt", {"embeddings": torch.eye(2), "metadata": known})
    cache = read_cache(path, {})
    assert cache.token_ids.tolist() == [NO_ID, 8]
    assert cache.tokens == {0: " cat"}


@pytest.mark.parametrize("archive", [True, False])
def test_code_is_refused_and_not_run(tmp_path: Path, archive: bool) -> None:
    trap = tmp_path / "was-run"
    content = {"embeddings": torch.eye(2), "metadata": ENTRIES, "more": Opens(trap)}
    path = tmp_path / "embeddings_cache.pt"
    if archive:
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match="was not loaded, since.* run code"):
        read_cache(path, {})
    assert not trap.exists()
    # The trap does work: whoever loads the file without care runs it.
    torch.load(path, weights_only=False) if archive else pickle.loads(path.read_bytes())  # noqa: S301
    assert trap.exists()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_cut_off_file_is_named(tmp_path: Path, share: float) -> None:
    path = saved(tmp_path / "x.pt", {"embeddings": torch.eye(2), "metadata": ENTRIES})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=r"x\.pt: cut off or damaged"):
        read_cache(path, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "expected a dictionary with 'embeddings' and 'metadata'"),
        ({"embeddings": torch.eye(2)}, "expected a dictionary"),
        ({"embeddings": torch.arange(4), "metadata": ENTRIES}, r"embeddings \(4,\)"),
        ({"embeddings": [[1.0]], "metadata": ENTRIES}, "embeddings list"),
        ({"embeddings": torch.eye(3), "metadata": ENTRIES}, "metadata of 2 for 3 rows"),
        ({"embeddings": torch.eye(2), "metadata": {"a": 1}}, "metadata of dict for 2 rows"),
        ({"embeddings": torch.eye(2), "metadata": [ENTRIES[0], 3]}, "row 1: expected a dictionary"),
        (
            {"embeddings": torch.eye(2), "metadata": [ENTRIES[0], {"position": 2}]},
            "row 1: expected 'caption' text and a 'position' from 0, found None and 2",
        ),
        (
            {"embeddings": torch.eye(2), "metadata": [ENTRIES[0], ENTRIES[1] | {"position": -1}]},
            "row 1: expected 'caption' text and a 'position'",
        ),
        (
            {"embeddings": torch.eye(2), "metadata": [{"caption": "a", "position": 0}, {}]},
            "row 0: expected 'token_id' or 'token_str'",
        ),
    ],
)
def test_other_content_is_named(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_cache(saved(tmp_path / "x.pt", content), {})


def test_nan_is_refused_and_zero_rows_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vectors = torch.zeros(2, 3)
    vectors[0] = 1
    path = saved(tmp_path / "x.pt", {"embeddings": vectors, "metadata": ENTRIES})
    numbers: dict[str, int] = {}
    with caplog.at_level("INFO", logger="lensbench"):
        require_finite(read_cache(path, numbers), list(numbers))
    assert "1 of 2 rows hold zeros only, first: row 1, token 2 of 'a dog'" in caplog.text
    vectors[1, 2] = torch.nan
    saved(path, {"embeddings": vectors.to(torch.float8_e4m3fn), "metadata": ENTRIES})
    with pytest.raises(DataError, match="1 of 2 rows hold NaN or Inf, first: row 1, token 2 of"):
        require_finite(read_cache(path, numbers), list(numbers))


def test_the_mark_is_of_the_content(tmp_path: Path) -> None:
    def marked(name: str, value: float) -> str:
        path = tmp_path / name / "layer_1" / f"{name}.pt"
        return content_mark([saved(path, {"embeddings": torch.full((2, 2), value)})])

    assert marked("a", 1.0) == marked("b", 1.0) != marked("c", 2.0)
