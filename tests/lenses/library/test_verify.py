from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.core.errors import DataError
from harness.core.files import write_json_atomic
from harness.core.ids import sha256_file
from lenses.library.dtypes import STORED_TYPES
from lenses.library.manifest import FileRecord, LibraryManifest, read_manifest
from lenses.library.store import Library
from lenses.library.verify import verify_library
from tests.lenses.fixtures import make_library

PART = "layer_2/00001.safetensors"


@pytest.fixture
def copied(library: Library, tmp_path: Path) -> Path:
    """A copy of the library that a test may damage."""
    return Path(shutil.copytree(library.path, tmp_path / "copy"))


def forge(path: Path, name: str) -> None:
    """Enter the present content of a file in the manifest, as a faulty writer would."""
    manifest = read_manifest(path)
    record = FileRecord(sha256=sha256_file(path / name), size=(path / name).stat().st_size)
    files = {**manifest.files, name: record}
    changed = LibraryManifest(**{**dict(manifest), "files": files})
    write_json_atomic(path / "manifest.json", changed, readable=True)


def change_tensors(
    path: Path, name: str, change: Callable[[dict[str, torch.Tensor]], None]
) -> None:
    tensors = load_file(path / name)
    change(tensors)
    save_file(tensors, path / name)
    forge(path, name)


def change_rows(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    pq.write_table(change(pq.read_table(path / "rows.parquet")), path / "rows.parquet")
    forge(path, "rows.parquet")


def with_value(table: pa.Table, name: str, row: int, value: object) -> pa.Table:
    values = table[name].to_pylist()
    values[row] = value
    index = table.schema.get_field_index(name)
    return table.set_column(index, name, pa.array(values, type=table.schema.field(name).type))


@pytest.mark.parametrize("dtype", STORED_TYPES)
def test_good_libraries_have_no_problem(tmp_path: Path, dtype: str) -> None:
    library = make_library(tmp_path / "library", dtype=dtype)
    found = verify_library(library.path)
    assert found.problems == ()
    assert found.files == len(library.manifest.files)
    assert found.size == sum(
        (library.path / name).stat().st_size for name in library.manifest.files
    )


def test_every_changed_cut_or_missing_file_is_found(copied: Path, library: Library) -> None:
    """One bit anywhere, and all of the damage in one go."""
    for name in library.manifest.files:
        data = bytearray((copied / name).read_bytes())
        data[len(data) // 2] ^= 1
        (copied / name).write_bytes(data)
    (copied / PART).write_bytes(b"")
    (copied / "phrases.parquet").unlink()
    problems = verify_library(copied).problems
    assert [problem.split(" ", 1)[0] for problem in problems] == list(library.manifest.files)
    assert f"{PART} has 0 bytes, expected {(library.path / PART).stat().st_size}" in problems
    assert "phrases.parquet cannot be read: No such file or directory" in problems
    assert sum("was changed: its hash" in problem for problem in problems) == len(problems) - 2


def test_only_what_is_damaged_is_reported(copied: Path) -> None:
    (copied / PART).write_bytes((copied / PART).read_bytes()[:-4])
    problems = verify_library(copied).problems
    assert len(problems) == 1
    assert problems[0].startswith(PART)


def set_nan(tensors: dict[str, torch.Tensor]) -> None:
    tensors["vectors"][3, 0] = torch.nan


def set_long(tensors: dict[str, torch.Tensor]) -> None:
    tensors["vectors"][:2] *= 2


def set_negative(tensors: dict[str, torch.Tensor]) -> None:
    tensors["norms"][0] = -1.0


def drop_row(tensors: dict[str, torch.Tensor]) -> None:
    tensors.update({name: tensor[:-1].clone() for name, tensor in tensors.items()})


def widen(tensors: dict[str, torch.Tensor]) -> None:
    tensors["vectors"] = tensors["vectors"].float()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_nan, "has 1 rows with NaN, Inf or a negative length"),
        (set_long, "has 2 vectors not of unit length, first: 2"),
        (set_negative, "has 1 rows with NaN, Inf or a negative length"),
        (drop_row, "holds .*expected"),
        (widen, "holds .*torch.float32.*expected .*torch.float16"),
    ],
)
def test_wrong_vectors_with_a_right_hash_are_found(
    copied: Path, change: Callable[[dict[str, torch.Tensor]], None], message: str
) -> None:
    change_tensors(copied, PART, change)
    problems = verify_library(copied).problems
    with pytest.raises(AssertionError, match=f"{PART} {message}"):
        assert not problems, "\n".join(problems)


def test_a_wrong_mean_is_found(copied: Path) -> None:
    def move(tensors: dict[str, torch.Tensor]) -> None:
        tensors["mean"][1] += 0.01

    change_tensors(copied, "statistics.safetensors", move)
    problems = verify_library(copied).problems
    assert len(problems) == 1
    assert problems[0].startswith("statistics.safetensors has a mean of layer 2 that is 0.049 off")


@pytest.mark.parametrize(
    ("name", "row", "value", "message"),
    [
        ("word", 4, "lie", "rows.parquet has 1 words that are not their span, first: row 4"),
        ("end", 5, 999, "rows.parquet has 1 words that are not their span, first: row 5"),
        ("start", 6, -1, "rows.parquet has 1 words that are not their span, first: row 6"),
        ("phrase", 7, 999, "rows.parquet names phrases that phrases.parquet does not have"),
        ("position", 1, 500, "rows.parquet is out of order in 1 places, first after row 1"),
    ],
)
def test_wrong_rows_with_a_right_hash_are_found(
    copied: Path, name: str, row: int, value: object, message: str
) -> None:
    change_rows(copied, lambda table: with_value(table, name, row, value))
    assert verify_library(copied).problems == (message,)


def test_too_few_rows_are_found(copied: Path, library: Library) -> None:
    change_rows(copied, lambda table: table.slice(0, len(table) - 1))
    (problem,) = verify_library(copied).problems
    assert problem.startswith(f"rows.parquet has {len(library) - 1} rows of ")


def test_what_is_no_complete_library_is_an_error(copied: Path, tmp_path: Path) -> None:
    (copied / "manifest.json").unlink()
    with pytest.raises(DataError, match="is not complete"):
        verify_library(copied)
    with pytest.raises(DataError, match="is not a reference library"):
        verify_library(tmp_path / "nothing")
