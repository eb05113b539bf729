from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.core.errors import DataError, MismatchError
from lenses.library.store import Expectation, Library
from lenses.library.tokenise import tokenizer_hash
from tests.lenses.fixtures import (
    HIDDEN,
    LAYERS,
    MODEL_HASH,
    CausalStates,
    make_library,
    make_tokenizer,
)


@pytest.fixture
def copied(library: Library, tmp_path: Path) -> Path:
    """A copy of the library that a test may damage."""
    return Path(shutil.copytree(library.path, tmp_path / "copy"))


def test_vectors_are_the_states_of_the_rows(library: Library) -> None:
    tokenizer = make_tokenizer()
    for layer in LAYERS:
        raw = library.vectors(layer, unit=False)
        unit = library.vectors(layer)
        assert unit.dtype == torch.float32
        assert torch.allclose(unit.norm(dim=1), torch.ones(len(library)), atol=1e-3)
        for index in (0, len(library) // 2, len(library) - 1):
            row = library.row(index)
            ids = torch.tensor([tokenizer(row.context)["input_ids"]])
            state = CausalStates()(ids, [layer])[layer][0, row.position]
            assert torch.allclose(raw[index], state, rtol=2e-3, atol=2e-2)


def test_manifest_says_what_it_is(library: Library) -> None:
    manifest = library.manifest
    assert library.layers == LAYERS
    assert library.hidden == manifest.hidden == HIDDEN
    assert manifest.rows == len(library) == len(library.stored(1))
    for layer in LAYERS:
        found = manifest.statistics[layer]
        norms = library.vectors(layer, unit=False).norm(dim=1)
        assert found.mean_norm == pytest.approx(float(norms.mean()), rel=1e-3)
        assert found.min_norm == pytest.approx(float(norms.min()), rel=1e-3)
        assert found.max_norm == pytest.approx(float(norms.max()), rel=1e-3)
        unit = library.vectors(layer).double()
        cosine = float((unit @ unit.T).mean())
        assert found.mean_cosine == pytest.approx(cosine, rel=1e-5)
        assert found.mean_error is not None
        assert found.max_error is not None
        assert 0 < found.mean_error < found.max_error < 1e-3


def test_a_layer_that_is_not_stored_is_an_error(library: Library) -> None:
    for read in (library.stored, library.layer, library.vectors):
        with pytest.raises(DataError, match=r"layer 3 is not among \(1, 2, 4\)"):
            read(3)


def test_whole_layers_are_there_in_plain_types_only(library: Library, tmp_path: Path) -> None:
    assert library.stored(2).dtype == torch.float16
    assert torch.equal(library.stored(2).float(), library.vectors(2))
    scaled = make_library(tmp_path / "scaled", dtype="float8")
    with pytest.raises(DataError, match="rows of type float8 have scales; read them through"):
        scaled.stored(2)


def test_rows_come_as_a_table(library: Library) -> None:
    indices = np.asarray([5, 0, 5, len(library) - 1])
    table = library.table(indices).to_pylist()
    assert len(table) == len(indices)
    for index, found in zip(indices.tolist(), table, strict=True):
        row = library.row(index)
        for name in ("token", "token_id", "word", "start", "end", "position", "context"):
            assert found[name] == getattr(row, name)


def test_fingerprint_is_of_the_content_not_of_the_place(library: Library, copied: Path) -> None:
    (copied / "stamp.json").unlink()
    assert Library.open(copied).fingerprint() == library.fingerprint()


def test_expectations_are_checked_at_opening(library: Library) -> None:
    tokenizer = tokenizer_hash(make_tokenizer())
    Library.open(
        library.path,
        Expectation(model_hash=MODEL_HASH, hidden=HIDDEN, tokenizer_hash=tokenizer),
    )
    with pytest.raises(
        MismatchError, match="from model 555555555555, expected 999999999999 of tiny-vlm"
    ):
        Library.open(library.path, Expectation(model_hash="9" * 64, model="tiny-vlm"))
    with pytest.raises(MismatchError, match="width 24, expected 192 of the model"):
        Library.open(library.path, Expectation(hidden=192))
    with pytest.raises(MismatchError, match=r"from tokenizer [0-9a-f]{12}, expected 999999999999"):
        Library.open(library.path, Expectation(tokenizer_hash="9" * 64))


@pytest.mark.parametrize(
    "name",
    ["layer_2/00001.safetensors", "rows.parquet", "statistics.safetensors", "parts/00000.json"],
)
def test_cut_off_or_missing_files_are_named_at_opening(copied: Path, name: str) -> None:
    data = (copied / name).read_bytes()
    (copied / name).write_bytes(data[:-1])
    with pytest.raises(DataError, match=f"is damaged: {name} is missing or not of {len(data)} byt"):
        Library.open(copied)
    (copied / name).unlink()
    with pytest.raises(DataError, match=f"{name} is missing .*run the command that made it again"):
        Library.open(copied)


def test_an_unreadable_table_is_a_clear_error(copied: Path) -> None:
    path = copied / "rows.parquet"
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(DataError, match="is damaged: .*[Pp]arquet"):
        Library.open(copied)


def test_a_library_that_is_not_complete_says_how_far_it_is(copied: Path, library: Library) -> None:
    (copied / "manifest.json").unlink()
    (copied / "parts" / "00001.json").unlink()
    parts = len(library.plan.parts)
    with pytest.raises(
        DataError, match=f"not complete: {parts - 1} of {parts} parts are done; run the same"
    ):
        Library.open(copied)


def test_folders_without_a_good_manifest_are_errors(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a reference library: manifest.json is missing"):
        Library.open(tmp_path)
    path = copied / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rows": "many"}))
    with pytest.raises(DataError, match="bad manifest.json at 'rows'.*of another version"):
        Library.open(copied)
