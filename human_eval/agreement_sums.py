"""Coefficients of agreement as functions of sums over items.

A resample of images only changes how often each item counts, so a coefficient of thousands of
resamples is one function of their summed rows. Each :class:`Sums` has the rows of one coefficient,
one per item, and this function; undefined is NaN here, and never leaves these modules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.bootstrap import Floats
from human_eval.rating_table import RatingTable

Flags: TypeAlias = npt.NDArray[np.bool_]
"""Where something holds."""


@dataclass(frozen=True, slots=True)
class Sums:
    """A coefficient as a function of summed rows."""

    rows: Floats
    """Row of each item, [n, k]."""
    figure: Callable[[Floats], Floats]
    """Summed rows [..., k] to coefficient [...]; NaN where it is undefined."""

    @property
    def value(self) -> float:
        """The coefficient of all items; NaN if it is undefined."""
        return float(self.figure(self.rows.sum(axis=0)))


def cohen_sums(table: RatingTable) -> Sums:
    """Return Cohen's kappa, of more than two raters pooled over all pairs, see `coefficients`."""
    items, first, second = table.pairs()
    size = table.categories
    rows = np.zeros((len(table.ratings), size * size))
    np.add.at(rows, (items, first * size + second), table.weights[items])
    return Sums(rows, cohen_kappas)


def cohen_kappas(confusions: Floats) -> Floats:
    """Return Cohen's kappa of flattened confusion matrices, [..., q * q] to [...].

    NaN where there is nothing, or everything is in one class for both raters.
    """
    size = round(confusions.shape[-1] ** 0.5)
    matrices = confusions.reshape(*confusions.shape[:-1], size, size)
    equal = np.trace(matrices, axis1=-2, axis2=-1)
    total = confusions.sum(axis=-1)
    by_chance = (matrices.sum(axis=-1) * matrices.sum(axis=-2)).sum(axis=-1)
    # Sums of floats may miss total ** 2 by a rounding, so "one class" is decided by what is 0.
    one_class = (confusions > 0).sum(axis=-1) == 1
    defined = (total > 0) & ~(one_class & (equal > 0))
    return _beyond_chance(
        _over(equal, total, total > 0), _over(by_chance, total**2, total > 0), defined
    )


def agreement_sums(table: RatingTable) -> Sums:
    """Return the share of equal pairs of ratings, each item counted once whoever rated it."""
    return Sums(_agreement_rows(table), _observed)


def brennan_prediger_sums(table: RatingTable) -> Sums:
    """Return the agreement beyond that of raters who choose classes blindly."""

    def figure(sums: Floats) -> Floats:
        observed = _observed(sums)
        return _beyond_chance(observed, 1 / table.categories, ~np.isnan(observed))

    return Sums(_agreement_rows(table), figure)


def gwet_sums(table: RatingTable) -> Sums:
    """Return Gwet's AC1."""

    def figure(sums: Floats) -> Floats:
        observed, shares = _observed(sums), _shares(sums[..., 2:])
        chance = (shares * (1 - shares)).sum(axis=-1) / (table.categories - 1)
        return _beyond_chance(observed, chance, ~np.isnan(observed))

    return Sums(np.hstack([_agreement_rows(table), _share_rows(table)]), figure)


def fleiss_sums(table: RatingTable) -> Sums:
    """Return Fleiss' kappa, with any number of ratings per item."""
    return Sums(np.hstack([_agreement_rows(table), _share_rows(table)]), _fleiss)


def krippendorff_sums(table: RatingTable) -> Sums:
    """Return Krippendorff's nominal alpha.

    Columns: weighted equal pairs, unweighted number of values, weighted values by class; all of
    items with at least two ratings. An item's pairs count as many times as it has values.
    """
    counts, raters = table.counts, table.raters
    several = raters > 1
    equal = (counts * (counts - 1)).sum(axis=1) / np.maximum(raters - 1, 1)
    columns = [
        table.weights * equal,
        np.where(several, raters, 0),
        *(np.where(several, table.weights, 0) * counts.T),
    ]
    return Sums(np.stack(columns, axis=1), _krippendorff)


def _fleiss(sums: Floats) -> Floats:
    observed, shares = _observed(sums), _shares(sums[..., 2:])
    several = (sums[..., 2:] > 0).sum(axis=-1) > 1
    return _beyond_chance(observed, (shares**2).sum(axis=-1), several & ~np.isnan(observed))


def _krippendorff(sums: Floats) -> Floats:
    equal, values, by_class = sums[..., 0], sums[..., 1], sums[..., 2:]
    total = by_class.sum(axis=-1)
    several = (by_class > 0).sum(axis=-1) > 1
    observed = 1 - _over(equal, total, several)
    expected = 1 - (_shares(by_class) ** 2).sum(axis=-1)
    # Drawn without replacement, two values differ this much more often.
    expected = expected * _over(values, values - 1, several)
    return 1 - _over(observed, expected, several)


def _agreement_rows(table: RatingTable) -> Floats:
    """Return weighted share of equal pairs, and weight, of items with two ratings, [n, 2]."""
    counts, raters = table.counts, table.raters
    weights = np.where(raters > 1, table.weights, 0)
    pairs = np.maximum(raters * (raters - 1), 1)
    return np.stack([weights * (counts * (counts - 1)).sum(axis=1) / pairs, weights], axis=1)


def _share_rows(table: RatingTable) -> Floats:
    """Return the weighted share of an item's ratings in each class, [n, categories]."""
    rows: Floats = table.weights[:, None] * table.counts / np.maximum(table.raters, 1)[:, None]
    return rows


def _observed(sums: Floats) -> Floats:
    return _over(sums[..., 0], sums[..., 1], sums[..., 1] > 0)


def _shares(by_class: Floats) -> Floats:
    total = by_class.sum(axis=-1, keepdims=True)
    return _over(by_class, total, np.broadcast_to(total > 0, by_class.shape))


def _beyond_chance(observed: Floats, chance: Floats | float, defined: Flags) -> Floats:
    """Return (observed - chance) / (1 - chance), exactly 1 for full agreement."""
    return 1 - _over(1 - observed, 1 - np.asarray(chance), defined)


def _over(above: Floats, below: Floats, defined: Flags) -> Floats:
    """Return the quotient where it is defined, elsewhere NaN."""
    out = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=out, where=defined)
    return out
