"""Coefficients of many resamples at once, as functions of summed rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.bootstrap import cluster_sums
from human_eval.agreement_sums import (
    Sums,
    agreement_sums,
    brennan_prediger_sums,
    cohen_sums,
    fleiss_sums,
    gwet_sums,
    krippendorff_sums,
)
from human_eval.rating_table import RatingTable
from tests.human_eval.rated_groups import EXACT, groups

VECTORISED: dict[str, Callable[[RatingTable], Sums]] = {
    "cohen_kappa": cohen_sums,
    "percent": agreement_sums,
    "pabak": brennan_prediger_sums,
    "gwet_ac1": gwet_sums,
    "krippendorff_alpha": krippendorff_sums,
    "fleiss_kappa": fleiss_sums,
}


@given(groups())
@settings(max_examples=120, deadline=None)
def test_sums_over_images_give_the_exact_values(case: tuple[RatingTable, list[str]]) -> None:
    """Also of many tables at once: that is what a resample is."""
    table, images = case
    for name, sums_of in VECTORISED.items():
        exact, sums = EXACT[name](table), sums_of(table)
        by_image = cluster_sums(sums.rows, images)
        once = sums.figure(by_image.sum(axis=0))
        twice = sums.figure(np.stack([by_image.sum(axis=0)] * 2))
        assert twice.shape == (2,)
        np.testing.assert_allclose(once, twice[1], rtol=0, atol=0)
        if exact.value is None:
            assert np.isnan(once), name
        else:
            assert once == pytest.approx(exact.value, abs=1e-9), name


@given(groups(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_resample_is_the_coefficient_of_the_drawn_images(
    case: tuple[RatingTable, list[str]], data: st.DataObject
) -> None:
    """Counts of images times their sums, against the ratings of these images put together."""
    table, images = case
    names = sorted(set(images))
    counts = data.draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names)))
    times = np.array([dict(zip(names, counts, strict=True))[image] for image in images], dtype=int)
    rows = np.repeat(np.arange(len(images)), times)
    drawn = RatingTable(table.ratings[rows], table.categories, table.weights[rows])
    for name, sums_of in VECTORISED.items():
        sums = sums_of(table)
        by_image = cluster_sums(sums.rows, images)
        found = sums.figure(np.array(counts, dtype=float) @ by_image)
        exact = EXACT[name](drawn).value
        assert np.isnan(found) if exact is None else found == pytest.approx(exact, abs=1e-9), name
