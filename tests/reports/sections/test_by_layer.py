from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from harness.core.records import LensKind
from reports.figures.records import Line, LineChart
from reports.outcomes import HEADLINE
from reports.ranking import rank_lenses
from reports.sections.base import Analysis, Evidence
from reports.sections.by_layer import SECTION
from tests.reports.sections.evidences import (
    answered_by,
    evidence,
    measures_of,
    paper_of,
    small_run,
    some_refused,
)
from tests.reports.synthetic import JUDGE, Run, make_run

PLANTED = {
    "latent": {0: 0.9, 1: 0.9, 2: 0.5, 3: 0.1, 4: 0.1},
    "logit": {0: 0.1, 1: 0.1, 2: 0.5, 3: 0.9, 4: 0.95},
}


@cache
def crossing_run() -> Run:
    """Return a run in which the second lens overtakes the first between layers 1 and 3."""
    return make_run(
        images=40,
        layers=(0, 1, 2, 3, 4),
        kinds={"latent": "lens", "logit": "lens", "shuffled-patch:latent": "control"},
        rate=lambda lens, layer: PLANTED.get(lens, {}).get(layer, 0.1),
    )


@cache
def crossing() -> Evidence:
    return evidence(crossing_run())


def analysed(found: Evidence) -> Analysis:
    analysis = SECTION.analyse(found)
    assert analysis is not None
    return analysis


def chart(analysis: Analysis) -> LineChart:
    (figure,) = analysis.figures
    assert isinstance(figure, LineChart)
    return figure


def line(analysis: Analysis, name: str) -> Line:
    return next(each for each in chart(analysis).lines if each.name == name)


def test_points_are_the_scores_of_the_board() -> None:
    found = crossing()
    for lens in found.kinds:
        drawn = [(m.x, m.y, m.low, m.high) for m in line(analysed(found), lens).marks]
        assert drawn == [
            (score.layer, score.estimate, score.low, score.high)
            for score in found.scores
            if (score.lens, score.definition) == (lens, HEADLINE) and score.layer is not None
        ]


def test_an_overtaking_is_told_and_only_that_one() -> None:
    finding = analysed(crossing()).finding
    assert "latent at layer" in finding
    assert "logit at layer 4" in finding
    assert "logit overtakes latent between layers 1 and 3" in finding
    assert "latent overtakes" not in finding


def test_equal_lenses_do_not_overtake_each_other() -> None:
    kinds = crossing_run().kinds
    equal = make_run(images=40, kinds=kinds, rate=lambda *_: 0.5)
    analysis = analysed(evidence(equal))
    assert "No lens overtakes another beyond chance." in analysis.finding


def test_at_one_layer_the_p_values_are_those_of_the_leaderboard() -> None:
    found = evidence(small_run(20, layers=(4,)))
    ranking = rank_lenses(found.boards[0], found.spec, found.kinds, HEADLINE, 4)
    expected = {frozenset((each.first, each.second)): each.p_holm for each in ranking.comparisons}
    (table,) = analysed(found).tables
    assert {frozenset((str(row[1]), str(row[2]))): row[6] for row in table.rows} == expected


@pytest.mark.slow
def test_equal_lenses_are_seldom_told_apart() -> None:
    kinds: dict[str, LensKind] = {"latent": "lens", "logit": "lens", "embedding": "lens"}
    claims = 0
    for seed in range(300):
        run = make_run(seed, images=25, per_image=2, layers=(0, 1, 2, 3), kinds=kinds, rate=even)
        claims += "yes" in {row[7] for row in analysed(evidence(run)).tables[0].rows}
    assert claims / 300 <= 0.075


def even(*_: object) -> float:
    return 0.5


def test_the_higher_lens_of_every_pair_comes_first_with_its_interval() -> None:
    (table,) = analysed(crossing()).tables
    assert [row[:3] for row in table.rows[:1]] == [(0, "latent", "logit")]
    assert [row[1] for row in table.rows if row[7] == "yes"] == ["latent"] * 2 + ["logit"] * 2
    for row in table.rows:
        difference, low, high = row[3:6]
        assert isinstance(difference, float)
        assert isinstance(low, float)
        assert isinstance(high, float)
        assert difference >= 0
        assert low <= difference <= high
        assert isinstance(p := row[6], float)
        assert (row[7] == "yes") == (p < 0.05)


def test_layers_of_one_vector_are_shaded_and_told() -> None:
    run = crossing_run()
    same = measures_of(run.spec, {1: 0.995, 2: 0.9901, 3: 0.99})
    analysis = analysed(evidence(run, measures=same))
    assert chart(analysis).shaded == (1.0, 2.0)
    assert any("layer 1 and 2" in note for note in analysis.notes)
    assert chart(analysed(evidence(run))).shaded == ()


def test_published_curves_stand_behind_in_the_colour_of_their_lens() -> None:
    paper = paper_of("mini", {"logit": {0: 0.11, 31: 0.5}, "tuned": {0: 0.3}})
    found = evidence(crossing_run(), paper=paper)
    analysis = analysed(found)
    published = [each for each in chart(analysis).lines if each.style.startswith("published")]
    assert [each.style for each in published] == [f"published {found.styles['logit']}"]
    assert [(mark.x, mark.y) for mark in published[0].marks] == [(0, 0.11), (31, 0.5)]
    assert "n = 100" in published[0].marks[0].note
    assert any("Published" in note for note in analysis.notes)
    other = evidence(crossing_run(), paper=paper_of("another", {"logit": {0: 0.11}}))
    assert not any("Published" in note for note in analysed(other).notes)


def test_rates_of_few_scored_patches_are_told() -> None:
    run = crossing_run()
    answers = {JUDGE: answered_by(run, some_refused)}
    notes = analysed(evidence(run, answers=answers)).notes
    assert notes[0].startswith("Less than 90.0 % of the patches were scored for latent at layer 0")
    assert "scored" not in analysed(evidence(run)).notes[0]


@pytest.mark.parametrize("answers", [{}, {JUDGE: {}}])
def test_without_a_verdict_there_is_nothing_to_show(answers: dict[str, dict[Path, Path]]) -> None:
    assert SECTION.analyse(evidence(make_run(images=2), answers=answers)) is None  # type: ignore[arg-type]
