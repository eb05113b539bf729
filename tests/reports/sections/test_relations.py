from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.records import Relation
from reports.figures.records import StackedBars
from reports.outcomes import HEADLINE, Cell
from reports.sections.base import Analysis, Evidence
from reports.sections.relations import RELATED, SECTION, relation_of
from tests.reports.sections.evidences import (
    answered_by,
    evidence,
    judged_by_panel,
    small_run,
    some_refused,
    with_holes,
)
from tests.reports.synthetic import JUDGE

relations = st.sampled_from(("concrete", "abstract", "global", "none"))


def analysed(found: Evidence) -> Analysis:
    analysis = SECTION.analyse(found)
    assert analysis is not None
    return analysis


def bars(analysis: Analysis, unit: str) -> StackedBars:
    figure = next(each for each in analysis.figures if each.name == f"relations-{unit}")
    assert isinstance(figure, StackedBars)
    return figure


def cell(said: list[Relation], status: str = "ok") -> Cell:
    words = tuple("abcde"[: len(said)])
    return Cell(tuple(range(len(said))), words, words, status, tuple(said))


@given(st.lists(relations, min_size=1, max_size=5))
def test_a_cell_has_the_strongest_relation_of_its_words(said: list[Relation]) -> None:
    order = (*RELATED, "none")
    assert relation_of(cell(said)) == min(said, key=order.index)


def test_an_unscored_cell_has_no_relation() -> None:
    assert relation_of(cell([], "refusal")) is None


@pytest.mark.parametrize("make", [lambda: evidence(small_run(5)), with_holes])
def test_the_height_of_a_bar_of_cells_is_the_rate_of_the_board(make: object) -> None:
    found = make() if callable(make) else None
    assert isinstance(found, Evidence)
    figure = bars(analysed(found), "cells")
    heights = [
        None if None in values else sum(value or 0.0 for value in values)
        for values in zip(*(part.values for part in figure.parts), strict=True)
    ]
    rates = {
        (score.lens, str(score.layer)): score.estimate
        for score in found.scores
        if score.definition == HEADLINE
    }
    expected = [rates[place] for place in zip(figure.groups, figure.bars, strict=True)]
    assert heights == [None if rate is None else pytest.approx(rate) for rate in expected]


def test_shares_of_words_count_every_word_of_scored_cells() -> None:
    run = small_run(5, layers=(2,))
    found = evidence(run, answers={JUDGE: answered_by(run, some_refused)})
    figure = bars(analysed(found), "words")
    for place, lens in enumerate(figure.groups):
        said = [
            relation
            for each in found.boards[0].cells[lens, 2]
            if each.status == "ok"
            for relation in each.relations
        ]
        for part in figure.parts:
            share = said.count(part.name) / len(said)  # type: ignore[arg-type]
            assert part.values[place] == pytest.approx(share)


def test_means_give_each_layer_one_vote_and_shares_of_related_add_up() -> None:
    found = with_holes()
    analysis = analysed(found)
    (table,) = analysis.tables
    rows = {(row[0], row[1]): row for row in table.rows}
    for unit in ("cells", "words"):
        figure = bars(analysis, unit)
        for lens in found.lenses:
            own = [place for place, group in enumerate(figure.groups) if group == lens]
            drawn = [
                [value for place in own if (value := part.values[place]) is not None]
                for part in figure.parts
            ]
            assert rows[lens, unit][2:5] == pytest.approx(tuple(np.mean(each) for each in drawn))
            of_related = [value for value in rows[lens, unit][5:] if isinstance(value, float)]
            assert sum(of_related) == pytest.approx(1.0)


def test_a_panel_leaves_out_what_it_did_not_decide() -> None:
    found = judged_by_panel()
    figure = bars(analysed(found), "cells")
    for place, lens, layer in zip(range(99), figure.groups, figure.bars, strict=False):
        cells = found.boards[0].cells[lens, int(layer)]
        decided = [relation for each in cells if (relation := relation_of(each)) is not None]
        shares = [decided.count(name) / len(decided) if decided else None for name in RELATED]
        assert [part.values[place] for part in figure.parts] == shares


def test_words_of_cells_that_a_panel_did_not_decide_are_left_out() -> None:
    found = judged_by_panel()
    figure = bars(analysed(found), "words")
    undecided = 0
    for place, (lens, layer) in enumerate(zip(figure.groups, figure.bars, strict=True)):
        cells = found.boards[0].cells[lens, int(layer)]
        undecided += sum(bool(each.relations and each.unscored(HEADLINE)) for each in cells)
        shares = []
        for each in cells:
            said = [relation for relation in each.relations if relation is not None]
            if said and not each.unscored(HEADLINE):
                shares.append(said.count("concrete") / len(said))
        assert figure.parts[0].values[place] == pytest.approx(np.mean(shares))
    assert undecided > 0


def test_without_related_cells_the_finding_says_so() -> None:
    found = evidence(small_run(2, rate=lambda *_: 0.0))
    assert analysed(found).finding == "No cell of a lens under test was called related."
