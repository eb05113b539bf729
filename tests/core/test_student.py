from __future__ import annotations

from math import pi, sqrt, tan
from statistics import NormalDist

import pytest

from harness.core.student import t_quantile


def test_quantiles_equal_the_printed_table() -> None:
    # Two-sided 5 % points, as in Fisher and Yates 1963, table III.
    table = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 10: 2.228, 30: 2.042, 120: 1.980}
    for degrees, expected in table.items():
        assert t_quantile(0.975, degrees) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("probability", [0.5, 0.6, 0.9, 0.975, 0.9999])
def test_one_and_two_degrees_have_closed_forms(probability: float) -> None:
    cauchy = tan(pi * (probability - 0.5))
    assert t_quantile(probability, 1) == pytest.approx(cauchy, abs=1e-12, rel=1e-9)
    centred = 2 * probability - 1
    two = centred * sqrt(2 / (1 - centred**2))
    assert t_quantile(probability, 2) == pytest.approx(two, abs=1e-12, rel=1e-9)


def test_many_degrees_are_nearly_normal() -> None:
    normal = NormalDist().inv_cdf(0.975)
    # Cornish and Fisher's first correction, z (z^2 + 1) / (4 degrees).
    assert t_quantile(0.975, 5000) == pytest.approx(normal + normal * (normal**2 + 1) / 20000)


@pytest.mark.parametrize(("probability", "degrees"), [(0.975, 0), (0.4, 5), (1.0, 5)])
def test_impossible_arguments_are_errors(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="expected a probability"):
        t_quantile(probability, degrees)
