"""Coefficients against published tables, other packages, and literal definitions by loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats import inter_rater

from human_eval.coefficients import (
    ONE_CLASS,
    Coefficient,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    pabak,
    percent_agreement,
)
from human_eval.rating_table import RatingTable, paired
from tests.human_eval.literal_agreement import (
    literal_agreement,
    literal_alpha,
    literal_chance_corrected,
    literal_unweighted_alpha,
)
from tests.human_eval.published import PUBLISHED, Published

FUNCTIONS = {
    "percent": percent_agreement,
    "pabak": pabak,
    "gwet_ac1": gwet_ac1,
    "fleiss_kappa": fleiss_kappa,
    "krippendorff_alpha": krippendorff_alpha,
    "cohen_kappa": cohen_kappa,
}
ANY_ORDER = ("percent", "pabak", "gwet_ac1", "fleiss_kappa", "krippendorff_alpha")


def rated(
    rows: list[list[int]], categories: int = 3, weights: list[float] | None = None
) -> RatingTable:
    ratings = np.array(rows, dtype=np.int64).reshape(len(rows), -1)
    return RatingTable(ratings, categories, np.array(weights or [1.0] * len(rows)))


def same(found: Coefficient, wanted: Coefficient | float | None) -> bool:
    value = wanted.value if isinstance(wanted, Coefficient) else wanted
    if found.value is None or value is None:
        return found.value is value
    return math.isclose(found.value, value, abs_tol=1e-9)


@st.composite
def tables(draw: st.DrawFn, missing: bool = True, raters: int | None = None) -> RatingTable:
    categories = draw(st.integers(2, 4))
    columns = raters or draw(st.integers(2, 4))
    entry = st.integers(-1 if missing else 0, categories - 1)
    rows = draw(
        st.lists(st.lists(entry, min_size=columns, max_size=columns), min_size=1, max_size=12)
    )
    weights = draw(st.lists(st.integers(1, 4), min_size=len(rows), max_size=len(rows)))
    return rated(rows, categories, [float(weight) for weight in weights])


def unweighted(table: RatingTable) -> RatingTable:
    return RatingTable(table.ratings, table.categories, np.ones(len(table.ratings)))


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case.name)
def test_published_tables(case: Published) -> None:
    """What the source prints, to its digits, and every coefficient to four."""
    exact = case.values()
    for name, text in case.printed.items():
        digits = len(text.partition(".")[2])
        assert abs(exact[name] - float(text)) <= 0.5 * 10**-digits + 5e-5, (case.source, name)
    for name, value in exact.items():
        found = FUNCTIONS[name](case.table())
        assert found.value == pytest.approx(value, abs=5.1e-5), (case.source, name)
        assert found.reason == ""


def test_enough_published_tables() -> None:
    assert len({case.source for case in PUBLISHED}) >= 10
    assert len({case.name for case in PUBLISHED}) == len(PUBLISHED)


def test_a_rare_class_lowers_kappa_and_not_the_others() -> None:
    """The same agreement of 0.85 gives kappa 0.70 or 0.32; PABAK stays, AC1 rises."""
    even, uneven = (case.values() for case in PUBLISHED if case.name.startswith("feinstein"))
    assert even["percent"] == uneven["percent"] == 0.85
    assert even["cohen_kappa"] > 2 * uneven["cohen_kappa"]
    assert even["pabak"] == uneven["pabak"] < uneven["gwet_ac1"]


@given(tables())
@settings(max_examples=150, deadline=None)
def test_every_coefficient_is_its_literal_definition(table: RatingTable) -> None:
    assert same(krippendorff_alpha(table), literal_alpha(table))
    assert same(krippendorff_alpha(unweighted(table)), literal_unweighted_alpha(table))
    assert same(percent_agreement(table), literal_agreement(table))
    for kind in ("gwet_ac1", "fleiss_kappa", "pabak"):
        assert same(FUNCTIONS[kind](table), literal_chance_corrected(table, kind)), kind


@given(tables(missing=False))
@settings(max_examples=60, deadline=None)
def test_statsmodels_agrees_on_complete_tables(table: RatingTable) -> None:
    counts, _ = inter_rater.aggregate_raters(table.ratings, n_cat=table.categories)
    one_class = len(np.unique(table.ratings)) == 1
    found = fleiss_kappa(unweighted(table))
    wanted = None if one_class else float(inter_rater.fleiss_kappa(counts, method="fleiss"))
    assert same(found, wanted)
    free = float(inter_rater.fleiss_kappa(table.counts, method="randolph"))
    assert same(pabak(unweighted(table)), free)


@given(tables(missing=False, raters=2))
@settings(max_examples=60, deadline=None)
def test_statsmodels_agrees_on_two_raters_with_weights(table: RatingTable) -> None:
    confusion = np.zeros((table.categories, table.categories))
    np.add.at(confusion, tuple(table.ratings.T), table.weights)
    found = cohen_kappa(table)
    if len(np.unique(table.ratings)) == 1:
        assert found == Coefficient(None, ONE_CLASS)
        return
    assert same(found, float(inter_rater.cohens_kappa(confusion, return_results=False)))


@given(tables(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_items_raters_and_classes_changes_nothing(table: RatingTable, rng: object) -> None:
    assert hasattr(rng, "sample")
    items = rng.sample(range(len(table.ratings)), len(table.ratings))
    columns = rng.sample(range(table.ratings.shape[1]), table.ratings.shape[1])
    renamed = np.array([*rng.sample(range(table.categories), table.categories), -1])
    shuffled = RatingTable(
        renamed[table.ratings][items][:, columns], table.categories, table.weights[items]
    )
    for name in ANY_ORDER:
        assert same(FUNCTIONS[name](shuffled), FUNCTIONS[name](table)), name
    in_order = RatingTable(renamed[table.ratings][items], table.categories, table.weights[items])
    assert same(cohen_kappa(in_order), cohen_kappa(table))


@given(tables(missing=False, raters=2))
@settings(max_examples=40, deadline=None)
def test_two_raters_may_change_places(table: RatingTable) -> None:
    swapped = RatingTable(table.ratings[:, ::-1], table.categories, table.weights)
    assert same(cohen_kappa(swapped), cohen_kappa(table))


@given(tables(), st.floats(0.01, 50))
@settings(max_examples=60, deadline=None)
def test_a_weight_is_a_number_of_equal_items(table: RatingTable, unit: float) -> None:
    """But for alpha's factor of drawing without replacement, which keeps the true count."""
    times = table.weights.astype(int)
    repeated = unweighted(
        RatingTable(np.repeat(table.ratings, times, axis=0), table.categories, np.ones(times.sum()))
    )
    scaled = RatingTable(table.ratings, table.categories, unit * table.weights)
    for name, function in FUNCTIONS.items():
        assert same(function(scaled), function(table)), name
        if name != "krippendorff_alpha":
            assert same(function(repeated), function(table)), name
    found, many = krippendorff_alpha(table), krippendorff_alpha(repeated)
    assert (found.value is None) == (many.value is None)
    if found.value is not None and many.value is not None:
        n, more = ((t.raters[t.raters > 1]).sum() for t in (table, repeated))
        assert (1 - found.value) * n / (n - 1) == pytest.approx(
            (1 - many.value) * more / (more - 1)
        )


@given(tables(missing=False, raters=2))
@settings(max_examples=60, deadline=None)
def test_two_complete_raters_give_scotts_pi_and_alpha_follows(table: RatingTable) -> None:
    table = unweighted(table)
    n = len(table.ratings)
    observed = float((table.ratings[:, 0] == table.ratings[:, 1]).mean())
    shares = [float((table.ratings == k).mean()) for k in range(table.categories)]
    if max(shares) == 1:
        assert fleiss_kappa(table) == krippendorff_alpha(table) == Coefficient(None, ONE_CLASS)
        return
    chance = sum(p * p for p in shares)
    pi = (observed - chance) / (1 - chance)
    assert same(fleiss_kappa(table), pi)
    assert same(krippendorff_alpha(table), 1 - (1 - pi) * (2 * n - 1) / (2 * n))


@given(tables(missing=False))
@settings(max_examples=60, deadline=None)
def test_full_agreement_is_exactly_one(table: RatingTable) -> None:
    """Or undefined, where chance gives it too."""
    ratings = np.repeat(table.ratings[:, :1], table.ratings.shape[1], axis=1)
    agreed = RatingTable(ratings, table.categories, table.weights)
    one_class = len(np.unique(ratings)) == 1
    for name, function in FUNCTIONS.items():
        wanted = None if one_class and name[:5] in ("fleis", "kripp", "cohen") else 1.0
        assert function(agreed).value == wanted, name


def test_kappa_of_several_raters_pools_their_pairs() -> None:
    """Items of three, two and one rating: four rows of one table, raters in order."""
    table = rated([[0, 0, 1], [1, -1, 1], [-1, 0, -1]])
    pooled = paired(np.array([0, 0, 0, 1]), np.array([0, 1, 1, 1]), 3, np.ones(4))
    assert same(cohen_kappa(table), cohen_kappa(pooled))
    assert cohen_kappa(table).value == pytest.approx(1 - 0.5 / (1 - 0.375))
    turned = rated([[0, 1, 0], [1, -1, 1], [-1, 0, -1]])
    assert cohen_kappa(turned).value != cohen_kappa(table).value


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[-1, -1], [-1, -1]], "nothing was rated by both"),
        ([[-1, -1, -1]], "nothing was rated"),
        ([[0, -1], [1, -1]], "only one rater"),
        ([[0], [1]], "only one rater"),
        ([[0, -1], [-1, 1]], "nothing was rated by both"),
        ([[0, -1, -1], [-1, 1, -1], [-1, -1, 1]], "no item has two ratings"),
    ],
)
def test_nothing_to_compare_says_why(rows: list[list[int]], reason: str) -> None:
    for function in FUNCTIONS.values():
        assert function(rated(rows)) == Coefficient(None, reason)


def test_no_items_at_all() -> None:
    empty = np.zeros(0, dtype=np.int64)
    for function in FUNCTIONS.values():
        found = function(paired(empty, empty, 2, np.zeros(0)))
        assert found == Coefficient(None, "nothing was rated by both")


def test_one_class_only() -> None:
    """Kappas and alpha are undefined; those whose chance does not follow the ratings are 1."""
    table = rated([[1, 1, -1], [1, 1, 1], [1, -1, 1]])
    for function in (cohen_kappa, fleiss_kappa, krippendorff_alpha):
        assert function(table) == Coefficient(None, ONE_CLASS)
    for function in (percent_agreement, pabak, gwet_ac1):
        assert function(table) == Coefficient(1.0)


def test_a_rater_who_never_varies_gives_zero() -> None:
    assert cohen_kappa(rated([[0, 0], [0, 1], [0, 0]])).value == pytest.approx(0)
    assert cohen_kappa(rated([[0, 1], [0, 1]])).value == pytest.approx(0)


def test_unused_classes_matter_only_where_chance_is_over_all_classes() -> None:
    few, many = rated([[0, 0], [1, 1], [0, 1]], 2), rated([[0, 0], [1, 1], [0, 1]], 5)
    for name, function in FUNCTIONS.items():
        matters = name in ("pabak", "gwet_ac1")
        assert same(function(few), function(many)) != matters, name
    assert pabak(many).value == pytest.approx((5 * 2 / 3 - 1) / 4)
