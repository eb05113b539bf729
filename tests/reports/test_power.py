from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from reports.power import detectable_difference
from reports.stats import mcnemar


@pytest.mark.parametrize(("n", "points"), [(100, 15.2), (300, 8.9), (909, 5.1), (2000, 3.4)])
def test_it_finds_the_known_sizes_at_thirty_per_cent_discordance(n: int, points: float) -> None:
    found = detectable_difference(n, 0.3)
    assert found is not None
    assert 100 * found == pytest.approx(points, abs=0.1)


@given(st.integers(20, 5000), st.floats(0.02, 1), st.floats(0.55, 0.99), st.floats(0.001, 0.2))
def test_it_solves_the_equation_of_the_sample_size(
    n: int, discordance: float, power: float, alpha: float
) -> None:
    found = detectable_difference(n, discordance, power, alpha)
    if found is None:
        return
    size, wanted = (NormalDist().inv_cdf(level) for level in (1 - alpha / 2, power))
    spread = size * sqrt(discordance) + wanted * sqrt(discordance - found**2)
    assert (spread / found) ** 2 == pytest.approx(n, rel=1e-6)
    assert 0 < found <= discordance


def test_more_patches_find_less_and_more_power_or_disagreement_needs_more() -> None:
    base = detectable_difference(300, 0.3)
    assert base is not None
    for harder in (
        detectable_difference(200, 0.3),
        detectable_difference(300, 0.4),
        detectable_difference(300, 0.3, power=0.9),
        detectable_difference(300, 0.3, alpha=0.01),
    ):
        assert harder is not None
        assert harder > base


def test_exact_tests_of_simulated_lenses_find_it_as_often_as_it_says() -> None:
    lot, n, discordance = np.random.default_rng(0), 600, 0.3
    difference = detectable_difference(n, discordance)
    assert difference is not None
    first, second = (discordance + difference) / 2, (discordance - difference) / 2
    drawn = lot.multinomial(n, [first, second, 1 - discordance], size=2000)
    # The exact test is a little conservative.
    assert 0.74 <= np.mean([mcnemar(int(b), int(c)) <= 0.05 for b, c, _ in drawn]) <= 0.82


def test_nothing_can_be_found_without_patches_or_disagreement() -> None:
    assert detectable_difference(0, 0.3) is None
    assert detectable_difference(100, 0.0) is None
    assert detectable_difference(10, 0.05) is None
    assert detectable_difference(3, 1.0) is None


@pytest.mark.parametrize(
    "given_",
    [(-1, 0.3, 0.8, 0.05), (9, 1.2, 0.8, 0.05), (9, 0.3, 1.0, 0.05), (9, 0.3, 0.8, 0.5)],
)
def test_arguments_out_of_range_are_refused(given_: tuple[float, float, float, float]) -> None:
    with pytest.raises(UsageError, match="detectable_difference: n="):
        detectable_difference(*given_)
