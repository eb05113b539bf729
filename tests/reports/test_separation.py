"""Simulated boards: equal lenses are rarely told apart, unequal ones are."""

from __future__ import annotations

import numpy as np
import pytest

from reports.ranking import Ranking, rank_lenses
from tests.reports.boards import board_of, draw_hits

FAMILY = 0.05


def ranked(rates: list[float], seed: int, images: int, **design: float) -> Ranking:
    lot = np.random.default_rng([seed, len(rates), images])
    layers = int(design.pop("layers", 1))
    per_image = int(design.pop("per_image", 4))
    outcomes, spec, kinds = board_of(draw_hits(lot, rates, images, per_image, layers, **design))
    layer = 0 if layers == 1 else None
    return rank_lenses(outcomes, spec, kinds, "interpretable", layer)


def tiers(ranking: Ranking) -> int:
    return max(row.tier or 0 for row in ranking.rows)


def most(boards: int) -> int:
    """Return the separations that 5 % give in all but one in a thousand sets of boards."""
    from scipy.stats import binom

    return int(binom.ppf(0.999, boards, FAMILY))


DESIGNS = [
    {"images": 20, "per_image": 4, "image_effect": 0.4},
    {"images": 30, "per_image": 1, "correlation": 0.6},
    {"images": 10, "per_image": 10, "image_effect": 0.3, "correlation": 0.3},
]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("lenses", [3, 8])
def test_equal_lenses_are_rarely_told_apart(lenses: int, design: dict[str, float]) -> None:
    boards = 60
    separated = sum(
        tiers(ranked([0.5] * lenses, seed, **design)) > 1  # type: ignore[arg-type]
        for seed in range(boards)
    )
    assert separated <= most(boards)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
@pytest.mark.parametrize(
    "design", [*DESIGNS, {"images": 100, "per_image": 4, "image_effect": 0.2, "layers": 3}]
)
@pytest.mark.parametrize("lenses", [3, 8])
def test_equal_lenses_are_told_apart_in_at_most_5_percent_of_boards(
    lenses: int, design: dict[str, float], rate: float
) -> None:
    boards = 1000
    separated = sum(
        tiers(ranked([rate] * lenses, seed, **design)) > 1  # type: ignore[arg-type]
        for seed in range(boards)
    )
    assert separated <= most(boards)


def test_a_lead_of_twenty_points_is_found() -> None:
    design = {"images": 100, "per_image": 2, "image_effect": 0.2, "correlation": 0.2}
    boards = [ranked([0.7, 0.5, 0.5, 0.5], seed, **design) for seed in range(30)]  # type: ignore[arg-type]
    leads = [[row.lens for row in board.rows if row.tier == 1] == ["lens0"] for board in boards]
    assert np.mean(leads) >= 0.8
    for board in boards:
        assert all(row.tier in (1, 2, 3) for row in board.rows)


@pytest.mark.slow
def test_the_detectable_difference_is_found_in_four_of_five_boards() -> None:
    design = {"images": 150, "per_image": 4, "image_effect": 0.2, "correlation": 0.2}
    sizes = [ranked([0.5, 0.5], seed, **design).detectable or 0.0 for seed in range(50)]  # type: ignore[arg-type]
    rates = [0.5 + float(np.median(sizes)), 0.5]
    found = [tiers(ranked(rates, 1000 + seed, **design)) > 1 for seed in range(600)]  # type: ignore[arg-type]
    assert 0.74 <= np.mean(found) <= 0.86
