"""Finished runs held against each other and against the paper."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.core.records import Score
from harness.core.tables import read_table
from harness.pipeline.comparison import compare_two, compare_with_paper
from reports.scoring import select
from tests.pipeline.runs import execute, small_options
from tests.pipeline.test_run import with_library

RULES = "ground-truth"
MODEL = "llama3-8b+siglip"


@pytest.fixture(scope="module")
def runs(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for further runs: that of the shared one is left as it is."""
    return with_library(finished, tmp_path_factory.mktemp("comparison") / "runs")


@pytest.fixture(scope="module")
def other(runs: Path, small_corpus: Path) -> Path:
    """Return a run of the same images with other patches."""
    return execute(small_options(small_corpus, runs, seed=7, layers="0,4", k=3))


@pytest.fixture(scope="module")
def unjudged(runs: Path, small_corpus: Path) -> Path:
    """Return a run that nobody judged."""
    return execute(small_options(small_corpus, runs, layers="0", judge="none"))


def test_a_run_and_its_copy_differ_in_nothing(finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / finished.name))
    found = compare_two(finished, copy)
    assert (found.first, found.second) == (str(finished), str(copy))
    assert (found.pairing, found.units, found.images) == ("patches", 12, 3)
    assert {cell.difference for cell in found.cells} == {0.0}
    assert found.differences == ()


def test_rates_are_those_of_the_board(finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    found = compare_two(finished, copy)
    assert (found.first, found.second) == (finished.name, "copy")
    scores = read_table(finished / "scores.parquet", Score)
    for layer in (None, 0, 4, 8):
        board = {s.lens: s.estimate for s in select(scores, RULES, "interpretable", layer)}
        shown = {cell.lens: cell.first for cell in found.cells if cell.layer == layer}
        assert shown == pytest.approx(board)


def test_other_patches_of_the_same_images_are_paired_by_image(finished: Path, other: Path) -> None:
    found = compare_two(finished, other)
    assert (found.pairing, found.units, found.layers) == ("images", 3, (0, 4))
    assert {each.field for each in found.differences} >= {"seed", "k", "layers"}
    assert f"only in {finished.name}: layers 8" in found.missing


def test_the_definition_must_exist_in_both(finished: Path, other: Path) -> None:
    assert compare_two(finished, other, definition="pass@3").definition == "pass@3"
    with pytest.raises(UsageError, match="pass@5"):
        compare_two(finished, other, definition="pass@5")


@pytest.mark.parametrize("judge", [RULES, f"{RULES}={RULES}"])
def test_judges_can_be_named(finished: Path, other: Path, judge: str) -> None:
    found = compare_two(finished, other, judge=judge)
    assert (found.first_judge, found.second_judge) == (RULES, RULES)


@pytest.mark.parametrize(
    ("judge", "message"),
    [
        ("ground", "unknown judge of mini-.* 'ground': did you mean ground-truth"),
        (f"{RULES}=gpt-5", "unknown judge of mini-.* 'gpt-5'"),
        ("gpt-5:effort=low", "unknown judge of mini-.* 'gpt-5:effort'"),
    ],
)
def test_an_unknown_judge_is_refused(finished: Path, other: Path, judge: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compare_two(finished, other, judge=judge)


def test_a_run_is_not_compared_with_itself(finished: Path) -> None:
    with pytest.raises(UsageError, match="first run again"):
        compare_two(finished, finished.parent / "." / finished.name)


def test_a_run_that_nobody_judged_has_nothing_to_compare(finished: Path, unjudged: Path) -> None:
    with pytest.raises(UsageError, match=f"{unjudged.name} was not judged"):
        compare_two(finished, unjudged)
    with pytest.raises(UsageError, match="was not judged"):
        compare_with_paper(unjudged, model=MODEL)


def test_a_folder_that_is_no_run_is_refused(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing"):
        compare_two(finished, tmp_path / "nothing")


def test_a_run_against_the_paper_shares_its_layers(finished: Path) -> None:
    found = compare_with_paper(finished, model=MODEL)
    assert (found.published_model, found.mean_layers) == ("llama3-8b+siglip-so400m", (0, 4, 8))
    assert [cell.layer for cell in found.cells if cell.lens == "latent"] == [None, 0, 4, 8]
    scores = select(read_table(finished / "scores.parquet", Score), RULES, "interpretable", 4)
    latent = next(cell for cell in found.cells if (cell.lens, cell.layer) == ("latent", 4))
    assert latent.rate == next(s.estimate for s in scores if s.lens == "latent")
    assert latent.published == 0.60
    assert {each.aspect for each in found.protocol} >= {"judge", "images", "patches per image"}


def test_the_miniature_has_no_published_rates(finished: Path) -> None:
    with pytest.raises(UsageError, match="unknown published model 'mini'"):
        compare_with_paper(finished)
    with pytest.raises(UsageError, match="unknown judge of"):
        compare_with_paper(finished, judge="gpt-5", model=MODEL)
