"""Ratings of items by raters as codes, checked, and what every coefficient counts in them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.bootstrap import Floats

Codes: TypeAlias = npt.NDArray[np.int64]
"""Classes as numbers from 0; -1 for no rating where that is allowed."""


@dataclass(frozen=True, slots=True)
class RatingTable:
    """Who put which item into which class."""

    ratings: Codes
    """Class by item and rater, [n, raters]; -1 where a rater did not rate an item."""
    categories: int
    """Number of classes that could be chosen, whether they were or not."""
    weights: Floats
    """Weight of each item, [n]; only their ratios matter."""

    def __post_init__(self) -> None:
        """Refuse what cannot be such a table.

        Raises:
            ValueError: a shape, a class, or a weight is not possible.
        """
        if self.ratings.ndim != 2 or self.weights.shape != self.ratings.shape[:1]:
            raise ValueError(
                f"ratings {self.ratings.shape} and weights {self.weights.shape}: expected "
                "[items, raters] and [items]"
            )
        if self.categories < 2:
            raise ValueError(f"categories={self.categories}: expected at least 2")
        if self.ratings.size and not -1 <= self.ratings.min() <= self.ratings.max() < (
            self.categories
        ):
            raise ValueError(
                f"ratings from {self.ratings.min()} to {self.ratings.max()}: expected -1 for no "
                f"rating, or a class from 0 to {self.categories - 1}"
            )
        if not (np.isfinite(self.weights) & (self.weights > 0)).all():
            raise ValueError("weights: expected positive numbers")

    @property
    def counts(self) -> Floats:
        """How many raters put an item into a class, [n, categories]."""
        classes = np.arange(self.categories)
        counted: Floats = (self.ratings[:, :, None] == classes).sum(axis=1).astype(np.float64)
        return counted

    @property
    def raters(self) -> Floats:
        """How many raters rated an item, [n]."""
        counted: Floats = (self.ratings >= 0).sum(axis=1).astype(np.float64)
        return counted

    def pairs(self) -> tuple[Codes, Codes, Codes]:
        """Return item, first class and second class of every two ratings of an item, [pairs] each.

        Raters are taken in the order of the columns, each two of them once.
        """
        items, first, second = [], [], []
        for left, right in combinations(range(self.ratings.shape[1]), 2):
            both = np.flatnonzero((self.ratings[:, left] >= 0) & (self.ratings[:, right] >= 0))
            items.append(both)
            first.append(self.ratings[both, left])
            second.append(self.ratings[both, right])
        empty = np.zeros(0, dtype=np.int64)
        return (
            np.concatenate([empty, *items]),
            np.concatenate([empty, *first]),
            np.concatenate([empty, *second]),
        )

    def no_pair(self) -> str:
        """Return why no two ratings can be compared; empty if some can be."""
        if (self.raters > 1).any():
            return ""
        columns = self.ratings.shape[1]
        rated = int((self.ratings >= 0).any(axis=0).sum())
        if rated == 0:
            return "nothing was rated by both" if columns == 2 else "nothing was rated"
        if rated == 1:
            return "only one rater"
        return "nothing was rated by both" if rated == 2 else "no item has two ratings"


def paired(first: Codes, second: Codes, categories: int, weights: Floats) -> RatingTable:
    """Return the table of two raters who both rated every item, [n] each.

    Raises:
        ValueError: a rating is missing, or as :class:`RatingTable`.
    """
    if min(first.min(initial=0), second.min(initial=0)) < 0:
        raise ValueError("two raters of the same items: expected no missing rating")
    if first.shape != second.shape:
        raise ValueError(f"ratings {first.shape} and {second.shape}: expected the same items")
    return RatingTable(np.stack([first, second], axis=1), categories, weights)
