from __future__ import annotations

import pytest

from harness.core.measures import LayerSpread, Measures, Spread
from reports.figures.records import LineChart
from reports.sections.base import Analysis
from reports.sections.norms import SECTION
from tests.reports.sections.evidences import evidence, measures_of
from tests.reports.synthetic import make_run

RUN = make_run(images=2, layers=(0, 1, 2, 4))


def spread(layer: int, low: float, median: float, high: float) -> LayerSpread:
    parts = {"quartile": low, "mean": median + 1, "upper": high, "top": 2 * high}
    made = {"n": 7, "median": median, "low": low, "high": high, **parts}
    return LayerSpread(layer=layer, spread=Spread.model_validate(made))


def measures(visual: tuple[LayerSpread, ...], text: tuple[LayerSpread, ...]) -> Measures:
    made = measures_of(RUN.spec, {1: 0.999})
    return made.model_copy(update={"visual_norms": visual, "text_norms": text})


def shown(made: Measures) -> tuple[Analysis, LineChart]:
    found = SECTION.analyse(evidence(RUN, measures=made))
    assert found is not None
    (chart,) = found.figures
    assert isinstance(chart, LineChart)
    return found, chart


def test_lines_are_medians_on_a_logarithmic_axis() -> None:
    made = measures((spread(4, 30, 50, 70), spread(0, 5, 10, 20)), (spread(1, 1, 2, 3),))
    _, chart = shown(made)
    assert chart.log
    visual, text = chart.lines
    assert [(mark.x, mark.y, mark.low, mark.high) for mark in visual.marks] == [
        (0, 10, 5, 20),
        (4, 50, 30, 70),
    ]
    assert [(mark.x, mark.y) for mark in text.marks] == [(1, 2)]
    assert chart.shaded == (1.0,)


def test_the_ratio_is_of_medians_at_the_same_layer() -> None:
    visual = (spread(0, 5, 10, 20), spread(1, 40, 60, 70), spread(4, 30, 50, 70))
    text = (spread(1, 1, 2, 3), spread(4, 20, 25, 30), spread(6, 1, 1, 1))
    found, _ = shown(measures(visual, text))
    assert "30.0 times as long as the median text token at layer 1" in found.finding
    assert "2.00 times at layer 4" in found.finding
    (table,) = found.tables
    ratios = {(row[0], row[1]): row[-1] for row in table.rows}
    assert ratios[1, "visual"] == 30.0
    assert ratios[4, "visual"] == 2.0
    assert ratios[0, "visual"] is None
    assert ratios[1, "text"] is None
    assert len(table.rows) == 6


def test_without_text_the_finding_is_of_visual_tokens() -> None:
    found, chart = shown(measures((spread(0, 5, 10, 20), spread(4, 30, 512, 700)), ()))
    assert "10.0 at layer 0 and 512 at layer 4" in found.finding
    assert len(chart.lines) == 1


def test_a_norm_of_zero_has_no_place_on_the_axis() -> None:
    made = measures((spread(0, 0, 0, 2), spread(1, 0, 3, 4)), (spread(1, 0, 0, 1),))
    found, chart = shown(made)
    (visual,) = chart.lines
    assert [(mark.x, mark.y, mark.low, mark.high) for mark in visual.marks] == [(1, 3, None, None)]
    assert "no text token" in found.finding


@pytest.mark.parametrize("zero", [(), (spread(0, 0, 0, 0),)])
def test_nothing_to_show_is_no_analysis(zero: tuple[LayerSpread, ...]) -> None:
    assert SECTION.analyse(evidence(RUN, measures=measures(zero, ()))) is None
    assert SECTION.analyse(evidence(RUN)) is None
