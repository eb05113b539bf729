from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks import board_coverage as coverage
from benchmarks.board_coverage import Design
from benchmarks.record_csv import NOMINAL, read_csv, to_csv
from harness.core.bootstrap import Floats
from tests.reports.boards import draw_hits, intraclass

DOCUMENT = coverage.HERE / "COVERAGE.md"
ROWS = read_csv(coverage.HERE / "coverage.csv", coverage.Row)
NAIVE = "the same, patches as independent"


def too_few(row: coverage.Row, chance: float, least: float = NOMINAL[0]) -> bool:
    """Tell whether so few intervals contain the truth that ``least`` cannot be their rate."""
    return bool(row.covered < binom.ppf(chance, row.boards, least))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_hits_have_the_rates_and_correlations_asked_for(rate: float) -> None:
    hits = draw_hits(np.random.default_rng(0), (rate, 0.7 * rate), 40_000, 2, 2, 0.4, 0.2)
    for lens, expected in enumerate((rate, 0.7 * rate)):
        assert hits[lens].mean() == pytest.approx(expected, abs=0.008)

    def alike(a: Floats, b: Floats) -> float:
        return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])

    # Patches share their image, layers their image and patch, lenses their patch.
    assert alike(hits[0, :, 0], hits[0, :, 1]) == pytest.approx(intraclass(rate, 0.4), abs=0.02)
    both = intraclass(rate, 0.6)
    assert alike(hits[0, ..., 0], hits[0, ..., 1]) == pytest.approx(both, abs=0.02)
    same_rate = draw_hits(np.random.default_rng(1), (rate, rate), 40_000, 1, 1, 0.4, 0.2)
    assert alike(*same_rate) == pytest.approx(intraclass(rate, 0.2), abs=0.02)


@pytest.mark.parametrize("design", coverage.DESIGNS)
def test_intervals_of_a_few_boards_contain_the_truth(design: Design) -> None:
    for row in coverage.measure(design, 100, 0.5, 40):
        if row.figure != NAIVE:
            assert not too_few(row, 1e-5), row


@pytest.mark.slow
@pytest.mark.parametrize(
    ("design", "images", "rate"), list(product(coverage.DESIGNS, (20, 100), (0.1, 0.5, 0.9)))
)
def test_intervals_contain_the_truth(design: Design, images: int, rate: float) -> None:
    for row in coverage.measure(design, images, rate, 400):
        if row.figure != NAIVE:
            assert not too_few(row, 1e-5), row


def test_the_published_figures_are_of_every_setting() -> None:
    settings = {(Design(row.per_image, row.image_effect), row.images, row.rate) for row in ROWS}
    assert settings == set(product(coverage.DESIGNS, coverage.IMAGES, coverage.RATES))
    assert min(row.boards for row in ROWS) >= 2000
    assert len({row.figure for row in ROWS}) == 6


def test_the_document_shows_the_published_figures() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert coverage.with_tables(text, ROWS) == text
    assert to_csv(ROWS) == (coverage.HERE / "coverage.csv").read_text(encoding="utf-8")
    outside = [
        row for row in ROWS if row.figure != NAIVE and not NOMINAL[0] <= row.coverage <= NOMINAL[1]
    ]
    assert f"{len(outside)} of {sum(row.figure != NAIVE for row in ROWS)} settings." in text


def test_with_a_hundred_images_published_coverage_is_near_the_nominal_one() -> None:
    low, high = NOMINAL
    for row in ROWS:
        if row.figure != NAIVE and row.images >= 100:
            assert low - 0.01 <= row.coverage <= high + 0.01, row


def test_patches_taken_as_independent_would_cover_less() -> None:
    shares = {
        figure: min(row.coverage for row in ROWS if row.figure == figure and row.per_image == 10)
        for figure in (NAIVE, "rate of a layer")
    }
    assert shares[NAIVE] < 0.8 < 0.9 < shares["rate of a layer"]
