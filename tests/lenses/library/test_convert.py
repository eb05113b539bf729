from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch

from harness.core.errors import UsageError
from lenses.library.convert import convert_library
from lenses.library.dtypes import LARGEST_ERROR, STORED_TYPES, StoredType
from lenses.library.store import Library
from lenses.library.verify import verify_library
from tests.lenses.fixtures import LAYERS, make_library
from tests.lenses.library.building import contents


@pytest.mark.parametrize("held", STORED_TYPES)
@pytest.mark.parametrize("wanted", STORED_TYPES)
def test_every_type_becomes_every_other(
    tmp_path: Path, held: StoredType, wanted: StoredType
) -> None:
    source = make_library(tmp_path / "source", ("a cat beside a catfish", "the sky"), dtype=held)
    if held == wanted:
        with pytest.raises(UsageError, match=f"is stored as {held} already"):
            convert_library(source.path, tmp_path / "out", wanted)
        return
    out = convert_library(source.path, tmp_path / "out", wanted)
    assert out.rows.rows.equals(source.rows.rows)
    assert out.plan.lineage == (held,)
    for layer in LAYERS:
        error = (out.vectors(layer) - source.vectors(layer)).norm(dim=1).max()
        assert float(error) <= LARGEST_ERROR[wanted]
        assert torch.equal(out.layer(layer).norms(), source.layer(layer).norms())
    assert verify_library(out.path).problems == ()


def test_int8_from_float16_is_int8_as_it_is_built(library: Library, tmp_path: Path) -> None:
    converted = contents(convert_library(library.path, tmp_path / "converted", "int8").path)
    built = contents(make_library(tmp_path / "built", dtype="int8").path)
    vectors = [name for name in built if name.startswith("layer_") or name.endswith("parquet")]
    assert len(vectors) > 6
    assert all(converted[name] == built[name] for name in vectors)


def test_widening_says_that_nothing_comes_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = make_library(tmp_path / "source", ("the sky",), dtype="int8")
    with caplog.at_level(logging.INFO):
        convert_library(source.path, tmp_path / "wide", "float32")
    assert "the vectors keep the rounding of int8" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO):
        convert_library(tmp_path / "wide", tmp_path / "narrow", "float8")
    assert "rounding" not in caplog.text


def test_unknown_types_are_refused(library: Library, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown library dtype 'fp8'"):
        convert_library(library.path, tmp_path / "out", "fp8")
