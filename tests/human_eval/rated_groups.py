"""Groups of raters at random, and the exact coefficients by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from human_eval.coefficients import (
    Coefficient,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    pabak,
    percent_agreement,
)
from human_eval.rating_table import RatingTable

EXACT: dict[str, Callable[[RatingTable], Coefficient]] = {
    "cohen_kappa": cohen_kappa,
    "percent": percent_agreement,
    "pabak": pabak,
    "gwet_ac1": gwet_ac1,
    "krippendorff_alpha": krippendorff_alpha,
    "fleiss_kappa": fleiss_kappa,
}


@st.composite
def groups(draw: st.DrawFn) -> tuple[RatingTable, list[str]]:
    categories, columns = draw(st.integers(2, 4)), draw(st.integers(1, 4))
    entry = st.integers(-1, categories - 1)
    rows = draw(st.lists(st.lists(entry, min_size=columns, max_size=columns), max_size=14))
    n = len(rows)
    weights = draw(st.lists(st.floats(0.1, 90), min_size=n, max_size=n))
    images = draw(st.lists(st.sampled_from("abcde"), min_size=n, max_size=n))
    ratings = np.array(rows, dtype=np.int64).reshape(n, columns)
    return RatingTable(ratings, categories, np.array(weights)), images
