from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import DataError
from lenses.library.convert import convert_library
from lenses.library.info import info_lines, library_info
from lenses.library.merge import merge_libraries
from lenses.library.store import Library
from tests.lenses.fixtures import HIDDEN, LAYERS, PHRASES, make_library
from tests.lenses.library.building import build


def test_a_complete_library_is_described(library: Library) -> None:
    info = library_info(library.path)
    assert info.complete
    assert (info.rows, info.hidden) == (len(library), HIDDEN)
    assert info.parts == info.parts_done == len(library.plan.parts)
    assert info.size >= sum(record.size for record in library.manifest.files.values())
    assert tuple(info.statistics) == LAYERS
    text = "\n".join(info_lines(info))
    assert "complete" in text
    assert f"{len(library)} rows of {len(PHRASES)} phrases at layers 1, 2, 4" in text
    assert "policy reservoir, cap 4, seed 42" in text
    assert "from test" in text
    assert f"{info.prefixes} distinct prefixes" in text


def test_an_incomplete_library_says_how_far_it_is(tmp_path: Path) -> None:
    assert build(tmp_path / "library", shard=(2, 3)) is None
    info = library_info(tmp_path / "library")
    assert not info.complete
    assert (info.hidden, info.stamp, info.statistics) == (None, None, {})
    assert 0 < info.parts_done < info.parts
    assert f"{info.parts_done} of {info.parts} parts are done" in info_lines(info)[0]


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    sources = [tmp_path / "left", tmp_path / "right"]
    for path, lines in zip(sources, (PHRASES[:5], PHRASES[5:]), strict=True):
        make_library(path, lines)
    merge_libraries(sources, tmp_path / "merged")
    convert_library(tmp_path / "merged", tmp_path / "int8", "int8")
    convert_library(tmp_path / "int8", tmp_path / "float32", "float32")
    info = library_info(tmp_path / "float32")
    assert (info.occurrences, info.prefixes, info.truncated_phrases) == (None, None, None)
    text = "\n".join(info_lines(info))
    assert "prefixes 1," in text
    assert "distinct prefixes" not in text
    assert "stored as float16 -> int8 -> float32" in text


def test_what_is_no_library_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a reference library: plan.json is missing"):
        library_info(tmp_path)
