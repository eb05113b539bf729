"""The words of whole grids: the same as those of sampled patches, for every cell of few images."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from harness.core.records import Description, Patch
from harness.core.tables import read_table
from harness.pipeline.context import ImageGeometry
from harness.pipeline.grid import GridWord
from tests.pipeline.runs import execute, small_options
from tests.pipeline.test_run import with_library

BEFORE_GRID = ("plan", "capture", "describe", "measure")


@pytest.fixture(scope="module")
def run(finished: Path, small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = with_library(finished, tmp_path_factory.mktemp("grid") / "runs")
    return execute(small_options(small_corpus, runs, grid=2), (*BEFORE_GRID, "grid"))


def test_every_cell_of_the_first_images_has_words_of_every_lens_and_no_control(run: Path) -> None:
    words = read_table(run / "grid.parquet", GridWord)
    geometries = {
        g.image_id: g.geometry for g in read_table(run / "geometry.parquet", ImageGeometry)
    }
    first = [patch.image_id for patch in read_table(run / "patches.parquet", Patch)]
    images = list(dict.fromkeys(first))[:2]
    assert list(dict.fromkeys(word.image_id for word in words)) == images
    for image in images:
        rows, cols = geometries[image].grid
        cells = {(r, c) for r in range(rows) for c in range(cols) if geometries[image].real(r, c)}
        own = [word for word in words if word.image_id == image]
        for lens in ("latent", "logit", "embedding"):
            for layer in (0, 4, 8):
                assert {(w.row, w.col) for w in own if (w.lens, w.layer) == (lens, layer)} == cells
    assert {word.lens for word in words} == {"latent", "logit", "embedding"}
    assert {word.rank for word in words} == set(range(5))


def test_a_sampled_patch_has_the_words_of_its_cell(run: Path) -> None:
    """The oracle is the stage that describes patches from stored states."""
    patches = {patch.patch_id: patch for patch in read_table(run / "patches.parquet", Patch)}
    expected: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for each in read_table(run / "descriptions.parquet", Description):
        patch = patches[each.patch_id]
        key = (patch.image_id, patch.row, patch.col, each.lens, each.layer)
        expected[key].append((each.rank, each.word, each.source_layer, each.context, each.start))
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for word in read_table(run / "grid.parquet", GridWord):
        key = (word.image_id, word.row, word.col, word.lens, word.layer)
        found[key].append((word.rank, word.word, word.source_layer, word.context, word.start))
    shared = found.keys() & expected.keys()
    assert len(shared) == 2 * 4 * 3 * 3
    assert all(found[key] == expected[key] for key in shared)


def test_no_images_give_an_empty_table_and_another_number_makes_it_anew(
    run: Path, small_corpus: Path
) -> None:
    before = (run / "grid.parquet").read_bytes()
    options = small_options(small_corpus, run.parent, grid=0)
    assert execute(options, ("grid",)) == run
    assert read_table(run / "grid.parquet", GridWord) == []
    execute(small_options(small_corpus, run.parent, grid=2), ("grid",))
    assert (run / "grid.parquet").read_bytes() == before
    assert not (run / "parts").exists()
