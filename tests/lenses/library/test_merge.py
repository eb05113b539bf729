from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError, MismatchError, UsageError
from lenses.library.merge import merge_libraries
from lenses.library.plan import plan_rows
from lenses.library.rows import RowTable, row_table
from lenses.library.store import Library
from lenses.library.tokenise import tokenise
from lenses.library.union import union_rows
from lenses.library.verify import verify_library
from tests.lenses.fixtures import LAYERS, PHRASES, make_library, make_tokenizer
from tests.lenses.library.building import build, contents

LEFT, RIGHT = PHRASES[:7], PHRASES[5:]

Make = Callable[..., list[Path]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that builds the libraries of two overlapping corpora."""

    def pair(**settings: Any) -> list[Path]:
        made = []
        for name, lines in (("left", LEFT), ("right", RIGHT)):
            given = settings | settings.get(name, {})
            wanted = {key: value for key, value in given.items() if key not in ("left", "right")}
            make_library(tmp_path / name, lines, **wanted)
            made.append(tmp_path / name)
        return made

    return pair


def table_of(lines: list[str], cap: int, *, shared: bool) -> RowTable:
    tokenised = tokenise(lines, make_tokenizer())
    return row_table(tokenised, plan_rows(tokenised, "reservoir", cap, 3, shared=shared))


phrases = st.lists(
    st.lists(
        st.sampled_from(["a", "red", "cat", "cats", "man", "barn", "the"]), min_size=1, max_size=5
    ).map(" ".join),
    min_size=1,
    max_size=12,
    unique=True,
)


@pytest.mark.parametrize("packing", ["tree", "whole"])
@given(corpora=st.lists(phrases, min_size=2, max_size=3), cap=st.integers(1, 4))
def test_merged_rows_are_those_of_the_union(
    packing: str, corpora: list[list[str]], cap: int, library: Library
) -> None:
    """For any corpora, overlapping or not, and any cap."""
    shared = packing != "whole"
    plan = library.plan.model_copy(
        update={
            "packing": packing,
            "key": library.key.model_copy(update={"cap": cap, "seed": 3}),
        }
    )
    tables = [table_of(lines, cap, shared=shared) for lines in corpora]
    everything = list(dict.fromkeys(line for lines in corpora for line in lines))
    expected = table_of(everything, cap, shared=shared)
    union = union_rows(tables, plan)
    assert union.table.rows.equals(expected.rows)
    assert union.table.phrases.equals(expected.phrases)
    for index, (source, row) in enumerate(
        zip(union.sources.tolist(), union.rows.tolist(), strict=True)
    ):
        assert union.table.row(index) == tables[source].row(row)


@pytest.mark.parametrize("dtype", ["float16", "float8", "int8"])
def test_merging_gives_the_library_of_all_phrases(make: Make, tmp_path: Path, dtype: str) -> None:
    merged = merge_libraries(make(dtype=dtype), tmp_path / "merged")
    built = make_library(tmp_path / "built", dtype=dtype)
    assert merged.rows.rows.equals(built.rows.rows)
    assert merged.rows.phrases.equals(built.rows.phrases)
    assert merged.plan.parts == built.plan.parts
    for layer in LAYERS:
        # int8 is rounded again, relative to the mean of all rows.
        bound = 0.02 if dtype == "int8" else 1e-6
        assert float((merged.vectors(layer) - built.vectors(layer)).abs().max()) <= bound
        assert torch.allclose(merged.layer(layer).norms(), built.layer(layer).norms())
        assert torch.allclose(merged.layer(layer).mean, built.layer(layer).mean, atol=1e-3)
    assert merged.plan.lineage == (("int8",) if dtype == "int8" else ())
    assert verify_library(merged.path).problems == ()


def test_order_of_the_sources_does_not_matter(make: Make, tmp_path: Path) -> None:
    sources = make()
    one = merge_libraries(sources, tmp_path / "one")
    two = merge_libraries(sources[::-1], tmp_path / "two")
    assert contents(one.path) == contents(two.path)
    assert one.key.corpus_hash not in {Library.open(path).key.corpus_hash for path in sources}


def test_a_merged_library_can_be_merged_again(tmp_path: Path) -> None:
    thirds = []
    for index in range(3):
        make_library(tmp_path / str(index), PHRASES[index::3])
        thirds.append(tmp_path / str(index))
    pair = merge_libraries(thirds[:2], tmp_path / "pair")
    merged = merge_libraries([pair.path, thirds[2]], tmp_path / "merged")
    assert merged.rows.rows.equals(make_library(tmp_path / "built").rows.rows)


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_shards_of_separate_folders_give_the_same_bytes(tmp_path: Path, dtype: str) -> None:
    assert build(tmp_path / "whole", dtype=dtype) is not None
    folders = [tmp_path / f"host-{shard}" for shard in (1, 2, 3)]
    for shard, folder in enumerate(folders, start=1):
        assert build(folder, dtype=dtype, shard=(shard, 3)) is None
    merged = merge_libraries(folders, tmp_path / "merged")
    assert contents(merged.path) == contents(tmp_path / "whole")
    into = merge_libraries(folders, folders[0])
    assert contents(into.path) == contents(tmp_path / "whole")


def test_missing_parts_are_named_and_the_others_kept(tmp_path: Path) -> None:
    folders = [tmp_path / f"host-{shard}" for shard in (1, 2, 3)]
    for shard in (1, 2):
        build(folders[shard - 1], shard=(shard, 3))
    out = tmp_path / "merged"
    with pytest.raises(DataError, match=r"merge: parts 2, 5 of \d \(counted from 0\) are in none"):
        merge_libraries(folders[:2], out)
    build(folders[2], shard=(3, 3))
    before = {path: path.stat().st_mtime_ns for path in (out / "layer_1").iterdir()}
    assert merge_libraries(folders, out).layers == LAYERS
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_damaged_parts_are_not_taken_over(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for shard, folder in enumerate(folders, start=1):
        build(folder, shard=(shard, 2))
    part = folders[0] / "layer_1" / "00002.safetensors"
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError, match="merge: parts 2 of"):
        merge_libraries(folders, tmp_path / "merged")
    for folder in folders:
        (folder / "rows.parquet").unlink()
    with pytest.raises(DataError, match="rows.parquet is damaged in every folder"):
        merge_libraries(folders, tmp_path / "other")


@pytest.mark.parametrize("policy", ["first", "paper"])
def test_other_policies_cannot_be_merged(make: Make, tmp_path: Path, policy: str) -> None:
    sources = make(policy=policy)
    with pytest.raises(UsageError, match=f"has policy '{policy}'.*only 'reservoir'"):
        merge_libraries(sources, tmp_path / "merged")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": 7}, "seed"),
        ({"cap": 3}, "cap"),
        ({"dtype": "float32"}, "dtype"),
        ({"fraction": 0.9}, "fraction"),
        ({"precision": "bfloat16"}, "precision"),
    ],
)
def test_libraries_that_differ_cannot_be_merged(
    make: Make, tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    sources = make(right=change)
    with pytest.raises(MismatchError, match=f"left and .*right differ in {field}; only the corpus"):
        merge_libraries(sources, tmp_path / "merged")


def test_one_library_is_nothing_to_merge(library: Library, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected two or more libraries, given 1"):
        merge_libraries([library.path], tmp_path / "merged")


def test_incomplete_libraries_of_different_corpora_are_refused(make: Make, tmp_path: Path) -> None:
    sources = make()
    (sources[1] / "manifest.json").unlink()
    with pytest.raises(DataError, match="right is not complete"):
        merge_libraries(sources, tmp_path / "merged")
    shutil.rmtree(sources[1])
    with pytest.raises(DataError, match="right is not a reference library"):
        merge_libraries(sources, tmp_path / "merged")
