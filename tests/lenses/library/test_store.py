from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from harness.core.errors import DataError, MismatchError
from lenses.library.store import Expectation, Library
from tests.lenses.fixtures import HIDDEN, LAYERS, MODEL_HASH, CausalStates, make_tokenizer


@pytest.fixture
def copied(library: Library, tmp_path: Path) -> Path:
    """A copy of the library that a test may damage."""
    return Path(shutil.copytree(library.path, tmp_path / "copy"))


def test_every_row_names_its_token_word_and_phrase(library: Library) -> None:
    tokenizer = make_tokenizer()
    for index in range(len(library)):
        row = library.row(index)
        encoded = tokenizer(row.context, return_offsets_mapping=True)
        assert encoded["input_ids"][row.position] == row.token_id
        start, end = encoded["offset_mapping"][row.position]
        assert row.context[row.start : row.end] == row.word
        assert row.start <= start + (row.context[start] == " " and end - start > 1)
        assert end <= row.end


def test_sub_words_belong_to_the_word_at_their_place(library: Library) -> None:
    """Looking for the token's text in the phrase would give "cat" and "an" for these."""
    words = {
        (row.context, row.start, row.word)
        for row in map(library.row, range(len(library)))
        if row.context == "a catalogue of catfish and cattle"
    }
    assert ("a catalogue of catfish and cattle", 2, "catalogue") in words
    assert ("a catalogue of catfish and cattle", 27, "cattle") in words
    assert all(word != "cat" for _, _, word in words)


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
        mean = float(library.vectors(layer, unit=False).norm(dim=1).mean())
        assert manifest.mean_norms[layer] == pytest.approx(mean, rel=1e-3)


def test_a_layer_that_is_not_stored_is_an_error(library: Library) -> None:
    with pytest.raises(DataError, match=r"layer 3 is not among \(1, 2, 4\)"):
        library.stored(3)


def test_fingerprint_is_of_the_content_not_of_the_place(library: Library, copied: Path) -> None:
    assert Library.open(copied).fingerprint() == library.fingerprint()


def test_expectations_are_checked_at_opening(library: Library) -> None:
    Library.open(library.path, Expectation(model_hash=MODEL_HASH, hidden=HIDDEN))
    with pytest.raises(MismatchError, match="built from model 555555555555, expected 999999999999"):
        Library.open(library.path, Expectation(model_hash="9" * 64))
    with pytest.raises(MismatchError, match="width 24, expected 192"):
        Library.open(library.path, Expectation(hidden=192))


@pytest.mark.parametrize("name", ["layer_2.safetensors", "rows.parquet", "phrases.parquet"])
def test_changed_or_missing_files_are_errors(copied: Path, name: str) -> None:
    data = bytearray((copied / name).read_bytes())
    data[-1] ^= 1
    (copied / name).write_bytes(data)
    with pytest.raises(DataError, match=f"{name} was changed"):
        Library.open(copied)
    (copied / name).unlink()
    with pytest.raises(DataError, match="cannot read library"):
        Library.open(copied)


def test_folders_without_a_good_manifest_are_errors(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a reference library"):
        Library.open(tmp_path)
    path = copied / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rows": "many"}))
    with pytest.raises(DataError, match="bad manifest.json at 'rows'"):
        Library.open(copied)
