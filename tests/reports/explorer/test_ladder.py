from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.explorer.ladder import Rung, note, rungs

FULL = Rung(scores=True, words=5, browse=4, images=6)


def test_the_order_in_which_things_go() -> None:
    found = rungs(5, 2, 3)
    assert found == [
        Rung(True, 5, 2, 3),
        Rung(False, 5, 2, 3),
        Rung(False, 3, 2, 3),
        Rung(False, 2, 2, 3),
        Rung(False, 1, 2, 3),
        Rung(False, 1, 1, 3),
        Rung(False, 1, 0, 3),
        Rung(False, 1, 0, 2),
        Rung(False, 1, 0, 1),
    ]


@given(st.integers(0, 8), st.integers(0, 5), st.integers(0, 5))
def test_every_rung_shows_less_than_the_one_before(words: int, browse: int, images: int) -> None:
    found = rungs(words, min(browse, images), images)
    for above, below in zip(found, found[1:], strict=False):
        amounts = [(r.scores, r.words, r.browse, r.images) for r in (above, below)]
        assert amounts[0] != amounts[1]
        assert all(a >= b for a, b in zip(*amounts, strict=True))
    assert found[-1].images == min(images, 1)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, ""),
        ({"scores": False}, "Cells that no judge was asked about are shown without scores."),
        (
            {"words": 3},
            "Cells that no judge was asked about show their first 3 of 5 words, without scores.",
        ),
        (
            {"words": 1},
            "Cells that no judge was asked about show the first of their 5 words, without scores.",
        ),
        (
            {"words": 1, "browse": 2},
            "Cells that no judge was asked about are shown for the first 2 images only, with the "
            "first of their 5 words and no scores.",
        ),
        (
            {"words": 1, "browse": 0},
            "Only the cells that a judge was asked about fit the page.",
        ),
        (
            {"words": 1, "browse": 0, "images": 2},
            "Only the first 2 images of 6 fit the page, and of them only the cells that a judge "
            "was asked about.",
        ),
    ],
)
def test_the_note_says_what_is_left_out(changes: dict[str, Any], text: str) -> None:
    rung = replace(FULL, **{"scores": not changes, **changes})
    assert note(rung, FULL, judged=True, runs=1) == text


def test_the_note_of_several_runs_and_of_nobody_judged() -> None:
    fewer = replace(FULL, scores=False, words=1, browse=1)
    assert note(fewer, FULL, judged=False, runs=2) == (
        "Cells that were not sampled are shown for the first image of every run only, with the "
        "first of their 5 words and no scores."
    )
