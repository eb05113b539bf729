"""Coefficients of agreement between raters: exact, weighted, and undefined with a reason.

All are of nominal classes. Weights undo a stratified sample: an item of weight 2 counts as two
equal items; only their ratios matter. With more than two raters, or with ratings missing, the
observed agreement is the mean over items with two ratings or more of the share of equal pairs
among all pairs of ratings of the item (Fleiss 1971; Gwet 2014, Handbook of Inter-Rater
Reliability, 4th ed., chapter 2), and a class's share is the mean over all rated items of the share
of their ratings in it. Read several coefficients together: where one class is rare the kappas and
alpha are low however seldom raters differ (Feinstein and Cicchetti 1990).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

from human_eval.agreement_sums import (
    Sums,
    agreement_sums,
    brennan_prediger_sums,
    fleiss_sums,
    gwet_sums,
    krippendorff_sums,
)
from human_eval.rating_table import RatingTable

ONE_CLASS = "all ratings are of one class: chance alone gives full agreement"
"""Why a coefficient is undefined if raters never used a second class."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient, or why there is none."""

    value: float | None
    """1 for full agreement, 0 for that of chance; None if it is undefined."""
    reason: str = ""
    """Why it is undefined; empty if it is defined."""


def cohen_kappa(table: RatingTable) -> Coefficient:
    """Return Cohen's kappa of two raters; of more, the pooled kappa of all their pairs.

    Definition: (observed - expected) / (1 - expected) agreement, the expected one from each
    rater's own rates. With more than two raters every two ratings of an item are one row of the
    same table of first and second ratings, raters taken in the order of the columns, each two of
    them once: an item with three ratings gives three rows, and the order of the columns matters a
    little. Degenerate: undefined without two ratings of an item, and where all these ratings are
    of one class; 0 where only one of two raters never varies.
    Reference: Cohen 1960, Educ. Psychol. Meas. 20(1).
    """
    reason = table.no_pair()
    if reason:
        return Coefficient(None, reason)
    items, first, second = table.pairs()
    if first.min() == first.max() == second.min() == second.max():
        return Coefficient(None, ONE_CLASS)
    from sklearn.metrics import cohen_kappa_score

    value = cohen_kappa_score(first, second, sample_weight=table.weights[items])
    return Coefficient(float(value))


def percent_agreement(table: RatingTable) -> Coefficient:
    """Return the observed agreement, from 0 to 1.

    Definition: see the module. Degenerate: undefined without two ratings of an item.
    """
    return _typed(table, agreement_sums(table))


def pabak(table: RatingTable) -> Coefficient:
    """Return the prevalence- and bias-adjusted kappa.

    Definition: (q observed - 1) / (q - 1) for q classes that could be chosen; for two classes
    2 observed - 1. Degenerate: undefined without two ratings of an item; 1 if all are of one class.
    Reference: Byrt, Bishop and Carlin 1993, J. Clin. Epidemiol. 46(5), for two classes; Brennan
    and Prediger 1981, Educ. Psychol. Meas. 41(3), for more.
    """
    return _typed(table, brennan_prediger_sums(table))


def gwet_ac1(table: RatingTable) -> Coefficient:
    """Return Gwet's AC1.

    Definition: (observed - expected) / (1 - expected) agreement, the expected one being the sum
    over classes of p (1 - p) / (q - 1), p the share of a class and q the classes that could be
    chosen. Degenerate: undefined without two ratings of an item; 1 if all are of one class.
    Reference: Gwet 2008, Br. J. Math. Stat. Psychol. 61(1); Gwet 2014 for missing ratings.
    """
    return _typed(table, gwet_sums(table))


def fleiss_kappa(table: RatingTable) -> Coefficient:
    """Return Fleiss' kappa; with two raters it is Scott's pi, not Cohen's kappa.

    Definition: (observed - expected) / (1 - expected) agreement, the expected one being the sum
    over classes of p^2, p the share of a class. The paper has equal numbers of ratings per item;
    for others it is generalised as in Gwet 2014 (see the module), as people seldom all rate all
    items. Degenerate: undefined without two ratings of an item, and if all are of one class.
    Reference: Fleiss 1971, Psychol. Bull. 76(5).
    """
    return _typed(table, fleiss_sums(table))


def krippendorff_alpha(table: RatingTable) -> Coefficient:
    """Return Krippendorff's alpha for nominal classes, with missing ratings.

    Definition: 1 - observed / expected disagreement. In the coincidence matrix every value of an
    item with m >= 2 values is paired with its m - 1 others, each pair counted 1 / (m - 1) times;
    the expected disagreement is that of two values drawn from all of these without replacement.
    With weights both are weighted, and the factor N / (N - 1) of drawing without replacement keeps
    the true number of values N, so that equal weights, whatever their size, change nothing.
    Degenerate: undefined without two ratings of an item, and if all of these are of one class.
    Reference: Krippendorff 2004, Content Analysis, 2nd ed., chapter 11; Krippendorff 2011,
    Computing Krippendorff's alpha-reliability.
    """
    return _typed(table, krippendorff_sums(table))


def _typed(table: RatingTable, sums: Sums) -> Coefficient:
    reason = table.no_pair()
    if reason:
        return Coefficient(None, reason)
    value = sums.value
    return Coefficient(None, ONE_CLASS) if isnan(value) else Coefficient(value)
