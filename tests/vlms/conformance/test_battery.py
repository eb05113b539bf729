"""The checks pass on a right model and fail on wrong ones, each on what it is there for."""

from __future__ import annotations

import pytest

from harness.vlms.conformance.battery import CHECKS, examine
from harness.vlms.conformance.trial import SHAPES
from tests.vlms.conformance.broken import BROKEN, Refusing
from tests.vlms.conformance.toy import DEPTH, GRID, TILES, ToyVlm


class Bidirectional(ToyVlm):
    """Image tokens see later ones, and it says so."""

    attention = "bidirectional"


def test_a_right_model_without_transformers_passes_all() -> None:
    results = examine(ToyVlm(), cells=None).results
    assert [result for result in results if result.verdict != "passed"] == []
    assert {result.check for result in results} == {check.name for check in CHECKS}
    cells = {"global": GRID[0] * GRID[1], "tiles": TILES[0] * TILES[1]}
    painted = [result for result in results if result.check == "painted cell"]
    assert len(painted) == len(cells) * len(SHAPES)
    for result in painted:
        count = cells[result.view]
        assert result.measured.startswith(f"{count} of {count} cells")
    assert f"0..{DEPTH}, others refused" in [result.measured for result in results]


def test_a_right_bidirectional_model_passes_too() -> None:
    assert examine(Bidirectional(), cells=4).failed == ()


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_wrong_model_fails_the_checks_meant_for_it(broken: type[ToyVlm]) -> None:
    found = examine(broken(), cells=16)
    assert {result.check for result in found.failed} == BROKEN[broken]
    assert all(result.measured and result.advice for result in found.failed)


def test_every_check_is_the_only_one_to_find_something() -> None:
    alone = {next(iter(checks)) for checks in BROKEN.values() if len(checks) == 1}
    assert alone == {check.name for check in CHECKS}


def test_an_error_on_one_picture_does_not_stop_the_others() -> None:
    results = examine(Refusing(), cells=4).results
    counts = [result for result in results if result.check == "token count"]
    assert [result.verdict for result in counts] == ["passed", "failed", "passed", "passed"]
    assert counts[1].size == SHAPES[1]
    assert counts[1].measured == "image of 90x200: expected a wide one"
