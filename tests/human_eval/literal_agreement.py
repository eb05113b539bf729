"""Coefficients of agreement straight from their definitions, by loops over pairs of ratings.

Nothing here uses the code under test but for the table that holds the ratings.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from human_eval.rating_table import RatingTable


def pairs_of(row: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    given = [int(value) for value in row if value >= 0]
    return [(a, b) for i, a in enumerate(given) for j, b in enumerate(given) if i != j]


def literal_alpha(table: RatingTable) -> float | None:
    """1 - observed / expected disagreement, expected over all pairs of pairable values."""
    observed = total = 0.0
    values: list[tuple[int, float]] = []
    for row, weight in zip(table.ratings, table.weights, strict=True):
        pairs = pairs_of(row)
        if not pairs:
            continue
        given = [int(value) for value in row if value >= 0]
        for a, b in pairs:
            observed += weight * (a != b) / (len(given) - 1)
        total += weight * len(given)
        values += [(value, weight) for value in given]
    differ = sum(v * w for a, v in values for b, w in values if a != b)
    if differ == 0:
        return None
    expected = differ / total**2 * len(values) / (len(values) - 1)
    return 1 - observed / total / expected


def literal_unweighted_alpha(table: RatingTable) -> float | None:
    """The same of equal weights, straight from pairs of two different values."""
    values = [int(v) for row in table.ratings if len(pairs_of(row)) for v in row if v >= 0]
    expected = [values[i] != values[j] for i, j in combinations(range(len(values)), 2)]
    if not any(expected):
        return None
    observed = sum(
        np.mean([a != b for a, b in pairs_of(row)]) * (row >= 0).sum() / len(values)
        for row in table.ratings
        if pairs_of(row)
    )
    return float(1 - observed / np.mean(expected))


def literal_agreement(table: RatingTable) -> float | None:
    shares = [
        (weight, np.mean([a == b for a, b in pairs_of(row)]))
        for row, weight in zip(table.ratings, table.weights, strict=True)
        if pairs_of(row)
    ]
    if not shares:
        return None
    return float(sum(w * share for w, share in shares) / sum(w for w, _ in shares))


def literal_class_shares(table: RatingTable) -> list[float]:
    """Mean over rated items of the share of an item's ratings in each class."""
    rows = [
        (weight, [int(v) for v in row if v >= 0])
        for row, weight in zip(table.ratings, table.weights, strict=True)
        if (row >= 0).any()
    ]
    return [
        sum(w * given.count(k) / len(given) for w, given in rows) / sum(w for w, _ in rows)
        for k in range(table.categories)
    ]


def literal_chance_corrected(table: RatingTable, kind: str) -> float | None:
    observed = literal_agreement(table)
    if observed is None:
        return None
    shares = literal_class_shares(table)
    match kind:
        case "gwet_ac1":
            chance = sum(p * (1 - p) for p in shares) / (table.categories - 1)
        case "fleiss_kappa":
            chance = sum(p * p for p in shares)
            if max(shares) > 1 - 1e-12:
                return None
        case _:
            chance = 1 / table.categories
    return (observed - chance) / (1 - chance)
