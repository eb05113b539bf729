from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.core.errors import DataError, MismatchError, UsageError
from lenses.library.build import build_library, library_key
from lenses.library.store import Library
from tests.lenses.fixtures import (
    LAYERS,
    MODEL_HASH,
    PHRASES,
    CausalStates,
    make_corpus,
    make_library,
    make_tokenizer,
)


def must_not_run(ids: torch.Tensor, layers: Sequence[int]) -> dict[int, torch.Tensor]:
    raise AssertionError("the model was run")


def build(path: Path, **changes: Any) -> Library:
    arguments: dict[str, Any] = {"model_hash": MODEL_HASH, "cap": 4, "seed": 42} | changes
    encoder = arguments.pop("encoder", must_not_run)
    layers = arguments.pop("layers", LAYERS)
    return build_library(path, make_corpus(), make_tokenizer(), encoder, layers, **arguments)


def test_a_complete_library_is_reused_without_the_model(tmp_path: Path) -> None:
    made = make_library(tmp_path / "library")
    assert build(tmp_path / "library").fingerprint() == made.fingerprint()
    assert build(tmp_path / "library", layers=[4, 2, 1, 1]).layers == LAYERS


def test_two_builds_are_byte_identical(tmp_path: Path, library: Library) -> None:
    again = make_library(tmp_path / "again")
    for path in library.path.iterdir():
        assert path.read_bytes() == (again.path / path.name).read_bytes(), path.name


def test_corpus_order_changes_no_row_and_no_vector(tmp_path: Path, library: Library) -> None:
    other = make_library(tmp_path / "reversed", PHRASES[::-1])
    assert [other.row(i) for i in range(len(other))] == [
        library.row(i) for i in range(len(library))
    ]
    for layer in LAYERS:
        assert torch.equal(other.stored(layer), library.stored(layer))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model_hash": "6" * 64}, "model_hash"),
        ({"cap": 5}, "cap"),
        ({"seed": 7}, "seed"),
        ({"layers": (1, 2)}, "layers"),
        ({"policy": "first"}, "policy"),
        ({"dtype": "float32"}, "dtype"),
    ],
)
def test_a_library_of_other_settings_is_not_reused(
    tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    make_library(tmp_path / "library")
    with pytest.raises(MismatchError, match=f"other settings: {field} differ"):
        build(tmp_path / "library", **change)


def test_key_changes_with_everything_that_decides_the_content() -> None:
    base: dict[str, Any] = {"model_hash": MODEL_HASH, "cap": 4, "seed": 42}
    tokenizer = make_tokenizer()
    keys = [
        library_key(make_corpus(), tokenizer, LAYERS, **base),
        library_key(make_corpus(PHRASES[1:]), tokenizer, LAYERS, **base),
        library_key(make_corpus(), make_tokenizer(300), LAYERS, **base),
        library_key(make_corpus(), tokenizer, (1, 2), **base),
        library_key(make_corpus(), tokenizer, LAYERS, **base | {"cap": 5}),
        library_key(make_corpus(), tokenizer, LAYERS, **base, policy="first"),
        library_key(make_corpus(), tokenizer, LAYERS, **base, dtype="float32"),
    ]
    assert len(set(keys)) == len(keys)
    assert keys[0] == library_key(make_corpus(), tokenizer, LAYERS[::-1], **base)


def test_a_stopped_build_leaves_nothing(tmp_path: Path) -> None:
    def stopping(ids: torch.Tensor, layers: Sequence[int]) -> dict[int, torch.Tensor]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "library", encoder=stopping)
    assert list(tmp_path.iterdir()) == []


def test_a_library_finished_meanwhile_by_another_process_serves(tmp_path: Path) -> None:
    def overtaken(ids: torch.Tensor, layers: Sequence[int]) -> dict[int, torch.Tensor]:
        if not (tmp_path / "library").exists():
            make_library(tmp_path / "library")
        return CausalStates()(ids, layers)

    found = build(tmp_path / "library", encoder=overtaken)
    assert found.layers == LAYERS
    assert [path.name for path in tmp_path.iterdir()] == ["library"]


def test_a_foreign_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "thesis.txt").write_text("precious")
    with pytest.raises(DataError, match="is not a reference library"):
        build(tmp_path / "library")
    assert (tmp_path / "library" / "thesis.txt").read_text() == "precious"


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write .*library"):
        build(tmp_path / "file" / "library", encoder=CausalStates())


@pytest.mark.parametrize("layers", [(), (0, 1), (-1,)])
def test_layer_zero_has_no_context_and_is_refused(tmp_path: Path, layers: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="expected one or more contextual layers from 1 up"):
        build(tmp_path / "library", layers=layers)
