from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from reports.figures.records import LineChart
from reports.sections.base import Analysis, Evidence
from reports.sections.pass_at import SECTION
from tests.reports.sections.evidences import evidence, first_words, small_run, with_odd_words
from tests.reports.synthetic import RELATION


def analysed(found: Evidence) -> Analysis:
    analysis = SECTION.analyse(found)
    assert analysis is not None
    return analysis


def rate(found: Evidence, lens: str, n: int) -> float:
    """Return the share of hits among the first n words, by counting words."""
    cells = [cell for layer in found.spec.layers for cell in found.boards[0].cells[lens, layer]]
    hits = [any(RELATION[word] != "none" for word in cell.words[:n]) for cell in cells]
    return float(np.mean(hits))


def test_each_point_counts_the_first_n_words() -> None:
    found = evidence(small_run(8))
    (figure,) = analysed(found).figures
    assert isinstance(figure, LineChart)
    for line in figure.lines:
        assert [mark.x for mark in line.marks] == [1, 2, 3, 4, 5]
        expected = [rate(found, line.name, n) for n in range(1, 6)]
        assert [mark.y for mark in line.marks] == pytest.approx(expected)
        assert all(a.y <= b.y for a, b in pairwise(line.marks))


def test_the_gain_is_that_of_the_further_words() -> None:
    found = evidence(small_run(8))
    (table,) = analysed(found).tables
    for lens, one, words, every, gain, low, high, part in table.rows:
        assert isinstance(lens, str)
        assert words == 5
        assert (one, every) == pytest.approx((rate(found, lens, 1), rate(found, lens, 5)))
        assert isinstance(one, float)
        assert isinstance(every, float)
        assert gain == pytest.approx(every - one)
        assert part == pytest.approx(one / every)
        assert isinstance(low, float)
        assert isinstance(high, float)
        assert low <= every - one <= high


def test_the_finding_sets_lenses_against_their_controls() -> None:
    finding = analysed(evidence(small_run(8))).finding
    assert "latent" in finding
    assert "for its control" in finding
    assert "random-vector" not in finding
    assert "control" not in analysed(with_odd_words()).finding


@pytest.mark.parametrize(("k", "points"), [(2, [1, 2]), (3, [1, 2, 3])])
def test_there_are_as_many_points_as_words(k: int, points: list[float]) -> None:
    (figure,) = analysed(evidence(first_words(small_run(3), k))).figures
    assert isinstance(figure, LineChart)
    assert [mark.x for mark in figure.lines[0].marks] == points


def test_one_word_has_no_curve() -> None:
    assert SECTION.analyse(evidence(first_words(small_run(3), 1))) is None
