from __future__ import annotations

import numpy as np
import pytest

from harness.core.agreement import Estimate
from harness.core.bootstrap import Floats
from harness.core.errors import UsageError
from human_eval.needed import items_needed
from human_eval.rates import mean_difference, rate
from tests.human_eval import simulate


def test_half_the_width_takes_four_times_the_items() -> None:
    now = Estimate(estimate=0.66, interval=(0.56, 0.76), n=360, method="m")
    found = items_needed("cohen_kappa", now, 0.05)
    assert (found.figure, found.half_width, found.reason) == ("cohen_kappa", 0.05, "")
    assert found.items in (1440, 1441)  # 0.76 - 0.56 is not exactly 0.2
    fewer = items_needed("cohen_kappa", now, 0.2).items
    assert fewer is not None and fewer <= 91


def test_without_an_interval_nothing_can_be_told() -> None:
    unknown = Estimate(estimate=1.0, n=20, reason="every image agrees fully")
    found = items_needed("cohen_kappa", unknown, 0.05)
    assert found.items is None
    assert found.reason == ("cohen_kappa has no interval to start from: every image agrees fully")
    flat = Estimate(estimate=1.0, interval=(1.0, 1.0), n=20, method="m")
    assert "no width" in items_needed("percent", flat, 0.05).reason


@pytest.mark.parametrize("half_width", [0.0, -0.1, 1.0, 5.0])
def test_the_wanted_half_width_is_a_share(half_width: float) -> None:
    estimate = Estimate(estimate=0.5, interval=(0.4, 0.6), n=100, method="m")
    with pytest.raises(UsageError, match=f"half_width={half_width}: expected a number between"):
        items_needed("percent", estimate, half_width)


def test_as_many_items_as_told_give_the_wanted_width() -> None:
    def figures(n: int, seed: int) -> tuple[Estimate, Estimate]:
        lot = np.random.default_rng([seed, n])
        sizes = simulate.image_sizes(n, even=True)
        image = np.repeat(np.arange(len(sizes)), sizes)
        names = [f"{number:05d}" for number in image]
        people = simulate.verdicts(lot, simulate.image_rates(lot, 0.4, len(sizes)), image)
        judge = simulate.judged(lot, simulate.Judge(0.85, 0.9), people, image)
        ones = np.ones(n)
        return rate(people, ones, names), mean_difference(judge - people, ones, names)

    def half_widths(n: int) -> Floats:
        ends = [[figure.interval for figure in figures(n, seed)] for seed in range(40)]
        return np.asarray(np.diff(np.array(ends, dtype=float)).mean(axis=(0, 2)) / 2)

    for which in (0, 1):
        told = [items_needed("", figures(300, seed)[which], 0.03).items for seed in range(40)]
        items = round(float(np.mean([number for number in told if number is not None])))
        assert items > 350
        assert half_widths(items)[which] == pytest.approx(0.03, rel=0.06)
