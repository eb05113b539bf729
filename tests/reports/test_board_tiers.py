from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks import board_tiers
from benchmarks.board_tiers import DESIGNS, LENSES, RATES, Design, leads, measure, ranked, tiers
from benchmarks.record_csv import read_csv, to_csv

DOCUMENT = board_tiers.HERE / "COVERAGE.md"
ROWS = read_csv(board_tiers.HERE / "tiers.csv", board_tiers.Row)
EQUAL = [row for row in ROWS if not row.lead]
CLUSTERED = Design(150, 4, image_effect=0.2, correlation=0.2)


def most(boards: int) -> int:
    """Return the separations that 5 % give in all but one in ten thousand sets of boards."""
    return int(binom.ppf(0.9999, boards, 0.05))


@pytest.mark.parametrize("design", DESIGNS[:3])
@pytest.mark.parametrize("lenses", LENSES)
def test_equal_lenses_are_rarely_told_apart(lenses: int, design: Design) -> None:
    assert measure(design, lenses, 0.5, 0.0, 60).separated <= most(60)


@pytest.mark.slow
@pytest.mark.parametrize(("design", "lenses", "rate"), list(product(DESIGNS, LENSES, RATES)))
def test_equal_lenses_are_told_apart_in_at_most_5_percent_of_boards(
    design: Design, lenses: int, rate: float
) -> None:
    assert measure(design, lenses, rate, 0.0, 500).separated <= most(500)


def test_a_lead_of_twenty_points_is_found() -> None:
    found = measure(Design(100, 2, image_effect=0.2, correlation=0.2), 4, 0.5, 0.2, 30)
    assert found.led >= 24
    assert found.separated >= found.led


def test_a_lens_leads_only_if_it_is_alone_in_the_first_tier() -> None:
    board = ranked([0.9, 0.2, 0.2], CLUSTERED, 0)
    assert leads(board)
    assert tiers(board) == 2
    assert not leads(ranked([0.2, 0.9, 0.2], CLUSTERED, 0))
    assert not leads(ranked([0.9, 0.9, 0.2], CLUSTERED, 0))


@pytest.mark.slow
def test_the_detectable_difference_is_found_in_four_of_five_boards() -> None:
    sizes = [ranked([0.5, 0.5], CLUSTERED, number).detectable or 0.0 for number in range(50)]
    rates = [0.5 + float(np.median(sizes)), 0.5]
    found = [tiers(ranked(rates, CLUSTERED, 1000 + number)) > 1 for number in range(600)]
    assert 0.74 <= np.mean(found) <= 0.86


def test_the_published_figures_are_of_every_setting() -> None:
    settings = {(row.design, row.lenses, row.rate) for row in EQUAL}
    assert settings == set(product(map(str, DESIGNS), LENSES, RATES))
    assert {row.lead for row in ROWS} == {0.0, *board_tiers.LEADS}
    assert min(row.boards for row in ROWS) >= 1000


def test_the_published_figures_show_no_more_than_5_percent() -> None:
    assert [row for row in EQUAL if row.separated > most(row.boards)] == []
    assert sum(row.separated for row in EQUAL) <= 0.05 * sum(row.boards for row in EQUAL)


def test_the_document_shows_the_published_figures() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert board_tiers.with_tables(text, ROWS) == text
    assert to_csv(ROWS) == (board_tiers.HERE / "tiers.csv").read_text(encoding="utf-8")
    assert f"{100 * EQUAL[0].separated / EQUAL[0].boards:.1f} %" in text
