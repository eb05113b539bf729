from __future__ import annotations

from dataclasses import replace
from math import nan
from random import Random

import pytest

from reports.figures.records import LineChart
from reports.outcomes import HEADLINE
from reports.sections.base import Analysis, Evidence
from reports.sections.calibration import SECTION
from tests.reports.sections.evidences import (
    evidence,
    judged_by_panel,
    small_run,
    with_holes,
    with_scores,
)
from tests.reports.synthetic import RELATION, Run


def told_by_score(sign: float, images: int = 12) -> Run:
    """Return a run in which related words have other scores, more so at deeper layers."""
    run = small_run(images=images, rate=lambda *_: 0.5)
    lot = Random(1)
    first: dict[tuple[str, str, int], bool] = {}
    columns = run.columns
    places = list(zip(columns["patch_id"], columns["lens"], columns["layer"], strict=True))
    for place, word in zip(places, columns["word"], strict=True):
        first[place] = first.get(place, False) or RELATION[word] != "none"
    scores = [100.0 * place[2] + sign * first[place] + lot.gauss(0, 1) for place in places]
    return replace(run, columns={**columns, "score": scores})


def analysed(found: Evidence) -> Analysis:
    analysis = SECTION.analyse(found)
    assert analysis is not None
    return analysis


def chart(analysis: Analysis, unit: str) -> LineChart:
    figure = next(each for each in analysis.figures if each.name == f"calibration-{unit}")
    assert isinstance(figure, LineChart)
    return figure


@pytest.mark.parametrize(
    ("sign", "reading"),
    [
        (1.5, "A higher score goes with a higher rate for latent"),
        (-1.5, "A higher score goes with a lower rate for latent"),
        (0.0, "The score tells nothing about the verdict beyond chance for latent"),
    ],
)
def test_what_scores_tell_is_found_although_layers_have_other_scales(
    sign: float, reading: str
) -> None:
    analysis = analysed(evidence(told_by_score(sign)))
    assert reading in analysis.finding
    row = next(row for row in analysis.tables[0].rows if row[:2] == ("latent", "cells"))
    value, low, high = row[3:6]
    assert isinstance(value, float)
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert low < value < high
    assert abs(value - (0.5 + 0.24 * sign)) < 0.12


def test_curves_rise_where_scores_tell_and_hold_every_cell_once() -> None:
    found = evidence(told_by_score(1.5))
    for line in chart(analysed(found), "cells").lines:
        assert len(line.marks) == 10
        assert line.marks[-1].y > line.marks[0].y + 0.3
        sizes = [int(mark.note.removeprefix("n = ")) for mark in line.marks]
        assert sum(sizes) == 48 * len(found.spec.layers)
        hits = sum(size * mark.y for size, mark in zip(sizes, line.marks, strict=True))
        board = found.boards[0]
        expected = sum(
            cell.hit(HEADLINE)
            for layer in found.spec.layers
            for cell in board.cells[line.name, layer]
        )
        assert hits == pytest.approx(expected)


def test_words_are_counted_one_by_one() -> None:
    found = evidence(small_run(4))
    rows = {row[:2]: row for row in analysed(found).tables[0].rows}
    cells = 16 * len(found.spec.layers)
    assert rows["latent", "cells"][2] == cells
    assert rows["latent", "words"][2] == cells * 5


def test_unscored_cells_are_left_out() -> None:
    found = with_holes()
    rows = {row[:2]: row for row in analysed(found).tables[0].rows}
    for lens in found.kinds:
        cells = [cell for layer in found.spec.layers for cell in found.boards[0].cells[lens, layer]]
        assert rows[lens, "cells"][2] == sum(cell.status == "ok" for cell in cells)


def test_a_panel_counts_words_on_which_it_agrees() -> None:
    found = judged_by_panel()
    rows = {row[:2]: row for row in analysed(found).tables[0].rows}
    for lens in found.kinds:
        cells = [cell for layer in found.spec.layers for cell in found.boards[0].cells[lens, layer]]
        agreed = [
            relation
            for cell in cells
            if not cell.unscored(HEADLINE)
            for relation in cell.relations
            if relation is not None
        ]
        assert rows[lens, "words"][2] == len(agreed)


def test_words_without_a_score_are_left_out() -> None:
    run = small_run(4)
    last = max(run.columns["rank"])
    holed = with_scores(run, lambda row: nan if run.columns["rank"][row] == last else -row)
    rows = {row[:2]: row for row in analysed(evidence(holed)).tables[0].rows}
    cells = 16 * len(run.spec.layers)
    assert rows["latent", "words"][2] == cells * 4
    assert SECTION.analyse(evidence(with_scores(run, lambda _: nan))) is None


def test_equal_scores_tell_nothing() -> None:
    analysis = analysed(evidence(with_scores(small_run(4), lambda _: 1.0)))
    assert "AUC 0.50" in analysis.finding
    assert {len(line.marks) for line in chart(analysis, "cells").lines} == {1}


def test_without_both_verdicts_no_auc_is_claimed() -> None:
    analysis = analysed(evidence(small_run(3, rate=lambda *_: 1.0)))
    assert "never meets" in analysis.finding
    assert "AUC" not in analysis.finding
    marks = [mark for line in chart(analysis, "cells").lines for mark in line.marks]
    assert all(mark.low is not None and mark.low < 1.0 == mark.y for mark in marks)
