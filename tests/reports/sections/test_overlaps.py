from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from harness.core.records import LensKind
from reports.figures.records import HeatMap, LineChart, StackedBars
from reports.outcomes import HEADLINE
from reports.sections.base import Analysis, Evidence
from reports.sections.overlaps import MOST_PAIRS, SECTION
from tests.reports.sections.evidences import (
    answered_by,
    evidence,
    nothing_scored,
    small_run,
    some_refused,
    with_holes,
)
from tests.reports.synthetic import JUDGE, Run

PAIR: dict[str, LensKind] = {"latent": "lens", "logit": "lens"}


def analysed(found: Evidence) -> Analysis:
    analysis = SECTION.analyse(found)
    assert analysis is not None
    return analysis


def worded(run: Run, words: dict[str, str]) -> Evidence:
    """Return the unjudged run in which each lens always shows the letters of its word."""
    columns = dict(run.columns)
    columns["word"] = [
        words[lens][rank] for lens, rank in zip(columns["lens"], columns["rank"], strict=True)
    ]
    return evidence(replace(run, columns=columns), answers={})


def test_common_words_ignore_case_and_repetition() -> None:
    run = small_run(3, kinds=PAIR)
    (table,) = analysed(worded(run, {"latent": "aabcd", "logit": "ABXYZ"})).tables
    ((first, second, common, jaccard, *_),) = table.rows
    assert (first, second, common) == ("latent", "logit", 2.0)
    assert jaccard == pytest.approx(2 / 7)


def test_the_map_has_every_pair_both_ways_lenses_first() -> None:
    found = evidence(small_run(3))
    figure = analysed(found).figures[0]
    assert isinstance(figure, HeatMap)
    assert figure.rows == tuple(reversed(figure.columns))
    assert figure.columns[:3] == found.lenses
    assert set(figure.columns) == set(found.kinds)
    grid = np.array([[np.nan if v is None else v for v in row] for row in reversed(figure.values)])
    assert np.isnan(np.diag(grid)).all()
    assert np.array_equal(grid, grid.T, equal_nan=True)
    assert np.isnan(grid).sum() == len(found.kinds)


def test_figures_are_means_over_the_patches_where_both_gave_words() -> None:
    found = with_holes()
    analysis = analysed(found)
    board = found.boards[0]
    rows = {row[:2]: row for row in analysis.tables[0].rows}
    chart = analysis.figures[1]
    assert isinstance(chart, LineChart)
    lines = {line.name: line for line in chart.lines}
    for pair in combinations(found.lenses, 2):
        by_layer: dict[int, float] = {}
        for layer in board.layers:
            sets = [[set(cell.words) for cell in board.cells[lens, layer]] for lens in pair]
            shares = [len(a & b) / len(a | b) for a, b in zip(*sets, strict=True) if a and b]
            if shares:
                by_layer[layer] = float(np.mean(shares))
        marks = lines[f"{pair[0]} and {pair[1]}"].marks
        assert {mark.x: mark.y for mark in marks} == pytest.approx(by_layer)
        assert rows[pair][3] == pytest.approx(float(np.mean(list(by_layer.values()))))
    assert len(lines["latent and logit"].marks) == len(board.layers) - 1


def test_verdicts_are_counted_where_both_were_scored() -> None:
    run = small_run()
    found = evidence(run, answers={JUDGE: answered_by(run, some_refused)})
    analysis = analysed(found)
    board = found.boards[0]
    rows = {row[:2]: row for row in analysis.tables[0].rows}
    bars = analysis.figures[2]
    assert isinstance(bars, StackedBars)
    for place, pair in enumerate(combinations(found.lenses, 2)):
        first, second = (board.hits(lens, None, HEADLINE).ravel() for lens in pair)
        pairs = zip(first.tolist(), second.tolist(), strict=True)
        both = [(a, b) for a, b in pairs if a == a and b == b]
        counts = [both.count(case) for case in ((1, 1), (1, 0), (0, 1), (0, 0))]
        shares = tuple(count / len(both) for count in counts)
        assert rows[pair][4:] == pytest.approx((*shares, len(both)))
        assert tuple(part.values[place] for part in bars.parts) == pytest.approx(shares)


def test_without_verdicts_words_are_still_compared() -> None:
    unjudged = analysed(evidence(small_run(3), answers={}))
    assert [figure.kind for figure in unjudged.figures] == ["heat", "lines"]
    assert unjudged.tables[0].rows[0][4:] == (None,) * 5
    assert "interpretable on" not in unjudged.finding
    assert [figure.kind for figure in analysed(nothing_scored()).figures] == ["heat", "lines"]


def test_the_finding_names_the_pair_with_most_in_common() -> None:
    kinds: dict[str, LensKind] = {"latent": "lens", "logit": "lens", "embedding": "lens"}
    words = {"latent": "abcde", "logit": "vwxyz", "embedding": "abxyz"}
    finding = analysed(worded(small_run(2, kinds=kinds), words)).finding
    assert "logit and embedding have most words in common: 3.00" in finding


def test_more_pairs_than_colours_are_in_the_table() -> None:
    kinds: dict[str, LensKind] = dict.fromkeys("abcde", "lens")
    analysis = analysed(evidence(small_run(2, kinds=kinds, rate=lambda *_: 0.5)))
    chart = analysis.figures[1]
    assert isinstance(chart, LineChart)
    assert len(chart.lines) == MOST_PAIRS
    assert len(analysis.tables[0].rows) == 10
    assert any("all 10 pairs" in note for note in analysis.notes)


def test_one_lens_has_nothing_to_compare() -> None:
    kinds: dict[str, LensKind] = {"latent": "lens", "random-vector": "control"}
    assert SECTION.analyse(evidence(small_run(2, kinds=kinds))) is None
