from __future__ import annotations

import pytest

from harness.core.measures import LayerSpread, Measures, Spread
from reports.figures.records import LineChart
from reports.published.paper import Paper, PublishedDrift
from reports.sections.base import Analysis
from reports.sections.drift import SECTION
from tests.reports.sections.evidences import evidence, measures_of
from tests.reports.synthetic import make_run

RUN = make_run(images=2, layers=(0, 1, 2, 4))


def analysed(measures: Measures | None, paper: Paper | None = None) -> Analysis | None:
    return SECTION.analyse(evidence(RUN, measures=measures, paper=paper))


def shown(measures: Measures, paper: Paper | None = None) -> tuple[Analysis, LineChart]:
    found = analysed(measures, paper)
    assert found is not None
    (chart,) = found.figures
    assert isinstance(chart, LineChart)
    return found, chart


def spread(layer: int, low: float, mean: float, high: float) -> LayerSpread:
    parts = {"quartile": low, "median": mean, "upper": high, "top": high}
    made = {"n": 7, "mean": mean, "low": low, "high": high, **parts}
    return LayerSpread(layer=layer, spread=Spread.model_validate(made))


def test_lines_are_means_with_the_band_of_tokens() -> None:
    measures = measures_of(RUN.spec).model_copy(
        update={"visual_drift": (spread(2, 0.1, 0.4, 0.6), spread(0, 1, 1, 1))}
    )
    _, chart = shown(measures)
    visual = chart.lines[0]
    assert [(mark.x, mark.y) for mark in visual.marks] == [(0, 1.0), (2, 0.4)]
    assert (visual.marks[1].low, visual.marks[1].high) == (0.1, 0.6)
    assert visual.style != chart.lines[1].style
    assert chart.y_range == (0.0, 1.0)


def test_layers_of_the_same_vector_are_shaded_and_named() -> None:
    found, chart = shown(measures_of(RUN.spec, {1: 0.999, 2: 0.995, 4: 0.5}))
    assert chart.shaded == (1.0, 2.0)
    assert "At layers 1 and 2 they are practically the vector of layer 0" in found.finding
    assert "one vector several times" in found.finding
    found, chart = shown(measures_of(RUN.spec, {1: 0.98, 2: 0.97, 4: 0.5}))
    assert chart.shaded == ()
    assert "No layer is practically the vector of layer 0" in found.finding


def test_the_finding_says_where_each_line_begins_and_ends() -> None:
    found, _ = shown(measures_of(RUN.spec, {1: 0.77, 2: 0.6, 4: 0.25}))
    assert "visual tokens to layer 0 is 0.77 at layer 1 and 0.25 at layer 4." in found.finding
    assert "text tokens to layer 0 is 0.50 at layer 1" in found.finding


def test_without_layer_0_it_is_said_that_nothing_is_known() -> None:
    measures = measures_of(RUN.spec).model_copy(update={"visual_drift": ()})
    found, chart = shown(measures)
    assert "no layer 0" in found.finding
    assert [line.name for line in chart.lines] == ["text tokens"]
    assert analysed(measures.model_copy(update={"text_drift": ()})) is None
    assert analysed(None) is None


def test_a_band_below_zero_is_inside_the_axis() -> None:
    measures = measures_of(RUN.spec).model_copy(
        update={"visual_drift": (spread(0, 1, 1, 1), spread(2, -0.13, 0.0, 0.2))}
    )
    _, chart = shown(measures)
    assert chart.y_range == (-0.2, 1.0)


def test_published_curves_stand_behind_at_our_layers() -> None:
    rows = [("mini", "visual", 2, 0.9), ("mini", "visual", 3, 0.8), ("mini", "text", 1, 0.5)]
    rows += [("other", "visual", 2, 0.1)]
    drift = tuple(
        PublishedDrift(model=model, modality=modality, layer=layer, cosine=cosine)
        for model, modality, layer, cosine in rows
    )
    paper = Paper(source="made up", judge="gpt-5", cells=(), alignments=(), drift=drift)
    found, chart = shown(measures_of(RUN.spec), paper)
    published = {line.name: line for line in chart.lines[2:]}
    visual = published["visual tokens, published"]
    assert [(mark.x, mark.y) for mark in visual.marks] == [(2, 0.9)]
    assert visual.style == f"published {chart.lines[0].style}"
    assert len(published["text tokens, published"].marks) == 1
    assert any("Published" in note for note in found.notes)


@pytest.mark.parametrize("layer", [0, 4])
def test_a_single_layer_is_enough(layer: int) -> None:
    measures = measures_of(RUN.spec).model_copy(
        update={"visual_drift": (spread(layer, 1, 1, 1),), "text_drift": ()}
    )
    found, _ = shown(measures)
    assert found.finding.endswith(".")
