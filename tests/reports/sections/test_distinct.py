from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from reports.figures.records import LineChart
from reports.sections.base import Analysis, Evidence
from reports.sections.distinct import MOST_FREQUENT, SECTION
from tests.reports.sections.evidences import evidence, first_words, small_run
from tests.reports.synthetic import Run


def analysed(found: Evidence) -> Analysis:
    analysis = SECTION.analyse(found)
    assert analysis is not None
    return analysis


def chart(analysis: Analysis) -> LineChart:
    (figure,) = analysis.figures
    assert isinstance(figure, LineChart)
    return figure


def said(run: Run, *words: str) -> Evidence:
    """Return the unjudged run in which every cell shows the same words."""
    columns = {**run.columns, "word": [words[rank] for rank in run.columns["rank"]]}
    return evidence(replace(run, columns=columns), answers={})


def test_points_are_the_distinct_words_of_the_board() -> None:
    found = evidence(small_run(5))
    scores = {(score.lens, score.layer): score.distinct_words for score in found.scores}
    for line in chart(analysed(found)).lines:
        for mark in line.marks:
            assert mark.y == pytest.approx(scores[line.name, int(mark.x)])
            assert mark.low is not None
            assert mark.high is not None
            assert mark.low <= mark.y <= mark.high


def test_case_is_ignored_and_equal_images_have_no_interval() -> None:
    analysis = analysed(said(small_run(3), "Dog", "dog", "DOG", "cat", "straße"))
    marks = [mark for line in chart(analysis).lines for mark in line.marks]
    assert {(mark.y, mark.low, mark.high) for mark in marks} == {(3.0, None, None)}


def test_one_word_that_fills_a_cell_is_counted() -> None:
    summary = analysed(said(small_run(3), *["Dog", "dog"] * 3)).tables[0]
    assert {row[1:] for row in summary.rows} == {(5, 1.0, 1.0)}
    other = analysed(said(small_run(3), *"abcde")).tables[0]
    assert {row[1:] for row in other.rows} == {(5, 5.0, 0.0)}


def test_frequent_words_are_counted_once_a_cell() -> None:
    found = evidence(small_run(5))
    frequent = analysed(found).tables[1]
    for lens in found.kinds:
        cells = [cell for layer in found.spec.layers for cell in found.boards[0].cells[lens, layer]]
        counts = Counter(word for cell in cells for word in {w.casefold() for w in cell.words})
        rows = [row for row in frequent.rows if row[0] == lens]
        assert len(rows) == MOST_FREQUENT
        for _, word, share in rows:
            assert share == pytest.approx(counts[str(word)] / len(cells))
        assert rows[0][2] == pytest.approx(max(counts.values()) / len(cells))


def test_it_needs_no_judge_but_several_words() -> None:
    run = small_run(3)
    assert analysed(evidence(run, answers={})) == analysed(evidence(run))
    assert SECTION.analyse(evidence(first_words(run, 1))) is None
