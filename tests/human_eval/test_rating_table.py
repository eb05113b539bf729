"""Tables of ratings: what is refused, and which ratings are paired."""

from __future__ import annotations

import math

import numpy as np
import pytest

from human_eval.rating_table import Codes, RatingTable, paired


@pytest.mark.parametrize(
    ("ratings", "categories", "weights", "message"),
    [
        ([[0, 1]], 1, [1.0], "categories=1: expected at least 2"),
        ([[0, 2]], 2, [1.0], "ratings from 0 to 2: expected -1 for no rating, or a class"),
        ([[0, -2]], 2, [1.0], "ratings from -2 to 0"),
        ([[0, 1]], 2, [1.0, 1.0], r"ratings \(1, 2\) and weights \(2,\)"),
        ([[0, 1]], 2, [0.0], "weights: expected positive numbers"),
        ([[0, 1]], 2, [math.nan], "weights: expected positive numbers"),
        ([[0, 1]], 2, [math.inf], "weights: expected positive numbers"),
    ],
)
def test_impossible_tables_are_refused(
    ratings: list[list[int]], categories: int, weights: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        RatingTable(np.array(ratings), categories, np.array(weights))


def test_a_pair_has_no_missing_rating() -> None:
    codes: Codes = np.array([0, 1])
    with pytest.raises(ValueError, match="expected no missing rating"):
        paired(np.array([0, -1]), codes, 2, np.ones(2))
    with pytest.raises(ValueError, match="expected the same items"):
        paired(codes, np.array([0, 1, 1]), 2, np.ones(2))


def test_pairs_are_taken_in_the_order_of_the_columns() -> None:
    ratings = np.array([[0, 1, 2], [-1, 2, 0], [1, -1, -1]])
    items, first, second = RatingTable(ratings, 3, np.ones(3)).pairs()
    found = list(zip(items.tolist(), first.tolist(), second.tolist(), strict=True))
    assert found == [(0, 0, 1), (0, 0, 2), (0, 1, 2), (1, 2, 0)]


def test_counts_leave_missing_ratings_out() -> None:
    table = RatingTable(np.array([[0, 1, 1], [-1, 2, -1], [-1, -1, -1]]), 4, np.ones(3))
    assert table.counts.tolist() == [[1, 2, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert table.raters.tolist() == [3, 1, 0]
    assert table.no_pair() == ""
