"""Coefficients of agreement with intervals: whole images are resampled, or a reason is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.core.agreement import Coefficients, Estimate
from harness.core.bootstrap import METHOD, Floats, cluster_interval, cluster_sums
from human_eval.agreement_sums import (
    Sums,
    cohen_kappas,
    cohen_sums,
    fleiss_sums,
    gwet_sums,
    krippendorff_sums,
)
from human_eval.coefficients import (
    Coefficient,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    pabak,
    percent_agreement,
)
from human_eval.rates import rate
from human_eval.rating_table import Codes, RatingTable, paired

ONE_IMAGE = "all items are of one image"
"""Why there is no interval if there is nothing to resample."""

FULL = "every image agrees fully: its spread is unknown"
"""Why there is no interval if there is no disagreement; read that of ``percent``."""

SAME = "both say the same of every item: the spread is unknown"
"""Why a difference of kappas has no interval if the two never differ."""

ALIKE = "every image gives the same: its spread is unknown"
"""Why there is no interval if no resample differs from another."""

UNDEFINED = "too many resamples leave it undefined: one class, or a second rating, is too rare"
"""Why there is no interval if a coefficient is often undefined in resamples."""

_WIDTH = 1e-12
"""An interval narrower than this is one of rounding."""


def pair_coefficients(
    first: Codes,
    second: Codes,
    categories: int,
    weights: Floats,
    clusters: Sequence[str],
    *,
    seed: int = 0,
) -> Coefficients:
    """Return all coefficients of two raters, such as a judge and people, on the same items.

    Definition: those of :mod:`human_eval.coefficients`; intervals as :func:`group_coefficients`.

    Args:
        first: Class of each item by one rater, [n], from 0 to categories - 1; none is missing.
        second: The same by the other, [n].
        categories: Number of classes that could be chosen.
        weights: Weight of each item, [n], positive.
        clusters: Image of each item, [n].
        seed: Seed of the resampling.

    Raises:
        ValueError: shapes, classes or weights are not possible.
    """
    return _coefficients(paired(first, second, categories, weights), clusters, seed)


def group_coefficients(
    ratings: Codes, categories: int, weights: Floats, clusters: Sequence[str], *, seed: int = 0
) -> Coefficients:
    """Return all coefficients of any number of raters, who need not have rated all items.

    Definition: those of :mod:`human_eval.coefficients`; ``cohen_kappa`` is the pooled kappa of all
    pairs of ratings of an item, raters in the order of the columns, each pair once. ``n`` and
    ``images`` count what has at least two ratings; so do the estimates, except that
    ``cohen_kappa``, ``percent`` and ``pabak`` count pairs of ratings. Intervals resample whole
    images (:func:`harness.core.bootstrap.cluster_interval`); that of ``percent`` is
    :func:`human_eval.rates.rate`, and ``pabak``, a straight line of it, follows.
    Degenerate: undefined values say why. No interval for one image, where a coefficient does not
    differ between resamples, as where all ratings agree (a width of 0 would look like certainty;
    the interval of ``percent`` still tells how much is known), and where it is undefined in more
    than a tenth of them.

    Args:
        ratings: Class of each item by each rater, [n, raters]; -1 is missing.
        categories: Number of classes that could be chosen.
        weights: Weight of each item, [n], positive.
        clusters: Image of each item, [n].
        seed: Seed of the resampling.

    Raises:
        ValueError: shapes, classes or weights are not possible.
    """
    return _coefficients(RatingTable(ratings, categories, weights), clusters, seed)


def kappa_difference(
    first: Codes,
    second: Codes,
    reference: Codes,
    weights: Floats,
    clusters: Sequence[str],
    *,
    seed: int = 0,
) -> Estimate:
    """Return how much better the first agrees with a reference than the second does.

    Definition: Cohen's kappa of first and reference minus that of second and reference, on the
    same items; every resample of images has both, so what makes an image hard for both cancels.
    Degenerate: undefined where one of the kappas is; no interval as in :func:`group_coefficients`,
    nor where the two say the same of every item.

    Args:
        first: Class of each item, [n], such as one judge's; none is missing.
        second: The same by the other, [n].
        reference: The same by people, [n].
        weights: Weight of each item, [n], positive.
        clusters: Image of each item, [n].
        seed: Seed of the resampling.

    Raises:
        ValueError: shapes, classes or weights are not possible.
    """
    highest = max(codes.max(initial=1) for codes in (first, second, reference))
    tables = [paired(codes, reference, int(highest) + 1, weights) for codes in (first, second)]
    _check_names(tables[0], clusters)
    n = len(reference)
    kappas = [cohen_kappa(table) for table in tables]
    if kappas[0].value is None or kappas[1].value is None:
        reason = kappas[0].reason or kappas[1].reason
        return Estimate(estimate=None, n=n, reason=f"no kappa: {reason}")
    difference = Coefficient(kappas[0].value - kappas[1].value)
    why = ONE_IMAGE if len(set(clusters)) < 2 else SAME if np.array_equal(first, second) else ""
    sums = Sums(np.hstack([cohen_sums(table).rows for table in tables]), _kappas_apart)
    return _estimate(difference, sums, clusters, seed, n, why)


def _coefficients(table: RatingTable, clusters: Sequence[str], seed: int) -> Coefficients:
    _check_names(table, clusters)
    compared = table.raters > 1
    n = int(compared.sum())
    images = len({name for name, used in zip(clusters, compared, strict=True) if used})
    pairs, first, second = table.pairs()
    percent = _percent(table, clusters, seed)
    why = ONE_IMAGE if images < 2 else FULL if np.array_equal(first, second) else ""

    def estimate(exact: Coefficient, sums: Sums, count: int = n) -> Estimate:
        return _estimate(exact, sums, clusters, seed, count, why)

    return Coefficients(
        n=n,
        images=images,
        cohen_kappa=estimate(cohen_kappa(table), cohen_sums(table), len(pairs)),
        percent=percent,
        pabak=_pabak(table, percent),
        gwet_ac1=estimate(gwet_ac1(table), gwet_sums(table)),
        krippendorff_alpha=estimate(krippendorff_alpha(table), krippendorff_sums(table)),
        fleiss_kappa=estimate(fleiss_kappa(table), fleiss_sums(table)),
    )


def _check_names(table: RatingTable, clusters: Sequence[str]) -> None:
    if len(clusters) != len(table.ratings):
        raise ValueError(f"{len(table.ratings)} items and {len(clusters)} names of images")


def _percent(table: RatingTable, clusters: Sequence[str], seed: int) -> Estimate:
    """Return the observed agreement; an item's pairs of ratings share its weight."""
    exact = percent_agreement(table)
    if exact.value is None:
        return Estimate(estimate=None, reason=exact.reason)
    items, first, second = table.pairs()
    pairs = table.raters * (table.raters - 1) / 2
    weights = table.weights[items] / pairs[items]
    equal = (first == second).astype(np.float64)
    return rate(equal, weights, [clusters[item] for item in items], seed=seed)


def _pabak(table: RatingTable, percent: Estimate) -> Estimate:
    """Return PABAK, a straight line of the observed agreement, with the same line of its ends."""
    exact, ends = pabak(table), percent.interval
    low_high = None if ends is None else (_line(ends[0], table), _line(ends[1], table))
    return percent.model_copy(update={"estimate": exact.value, "interval": low_high})


def _line(share: float, table: RatingTable) -> float:
    return (table.categories * share - 1) / (table.categories - 1)


def _estimate(
    exact: Coefficient, sums: Sums, clusters: Sequence[str], seed: int, n: int, why: str
) -> Estimate:
    """Return a coefficient with the interval of its resamples; ``why`` says that it has none."""
    if exact.value is None:
        return Estimate(estimate=None, n=n, reason=exact.reason)
    if why:
        return Estimate(estimate=exact.value, n=n, reason=why)
    interval = cluster_interval(cluster_sums(sums.rows, clusters), sums.figure, seed=seed)
    if interval is None:
        return Estimate(estimate=exact.value, n=n, reason=UNDEFINED)
    if interval[1] - interval[0] <= _WIDTH:
        return Estimate(estimate=exact.value, n=n, reason=ALIKE)
    return Estimate(estimate=exact.value, interval=interval, n=n, method=METHOD)


def _kappas_apart(sums: Floats) -> Floats:
    half = sums.shape[-1] // 2
    apart: Floats = cohen_kappas(sums[..., :half]) - cohen_kappas(sums[..., half:])
    return apart
