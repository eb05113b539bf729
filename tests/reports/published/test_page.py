from __future__ import annotations

import json
from collections import Counter

import pytest

from reports.figures.records import HeatMap, LineChart
from reports.published.compare import compare_published
from reports.published.load import load_paper
from reports.published.names import published_models
from reports.published.page import comparison_analysis, published_analyses
from reports.sections.page import drawn_analysis
from tests.reports.published.scores import JUDGE, score, scores_of

PAPER = load_paper()
ANALYSES = {analysis.name: analysis for analysis in published_analyses(PAPER)}


def test_the_averages_are_shown_in_words_and_in_the_table() -> None:
    shown = ANALYSES["published-averages"]
    for figures in ("74.4 %, embedding 29.7 %, logit 21.7 %", "67.9 %, embedding 32.0 %"):
        assert figures in shown.finding
    rows = {row[0]: row[1:] for row in shown.tables[0].rows}
    assert rows["mean of all 15"][::2] == ("67.9", "32.0", "23.5")
    assert rows["mean of 9 controlled"][::2] == ("74.4", "29.7", "21.7")


def test_every_model_has_its_curves_and_its_leap() -> None:
    charts = ANALYSES["published-layers"].figures
    maps = ANALYSES["published-leap"].figures
    assert len(charts) == len(maps) == len(published_models(PAPER))
    for chart in charts:
        assert isinstance(chart, LineChart)
        assert {line.name for line in chart.lines} >= {"latent", "logit", "embedding"}
    for heat in maps:
        assert isinstance(heat, HeatMap)
        assert all(sum(v or 0.0 for v in row) == pytest.approx(1) for row in heat.values)


def test_the_leap_of_the_first_model_is_that_of_the_paper() -> None:
    (heat,) = [
        figure
        for figure in ANALYSES["published-leap"].figures
        if isinstance(figure, HeatMap) and "olmo-7b+clip" in figure.title
    ]
    assert heat.values[0][heat.columns.index("8")] == pytest.approx(0.52, abs=0.005)
    assert heat.values[0][heat.columns.index("2")] == pytest.approx(0.33, abs=0.005)
    rows = {row[0]: row[1:] for row in ANALYSES["published-leap"].tables[0].rows}
    assert rows["llava-next-34b"][:2] == ("off-the-shelf", 45)
    assert rows["llava-next-34b"][2] == pytest.approx(0.66, abs=0.006)
    assert rows["qwen2-7b+siglip-so400m"][1] == 16
    assert "4, 8 and 16 in controlled models" in ANALYSES["published-leap"].finding


def test_models_whose_layers_are_one_vector_are_named() -> None:
    finding = ANALYSES["published-drift"].finding
    for model in ("llama3-8b+dinov2-large", "llama3-8b+siglip-so400m", "qwen2-7b+siglip-so400m"):
        assert model in finding
    assert "clip" not in finding


def test_all_names_of_figures_and_tables_differ() -> None:
    names = Counter(
        part.name
        for analysis in ANALYSES.values()
        for part in (*analysis.figures, *analysis.tables)
    )
    assert set(names.values()) == {1}


def test_everything_is_drawn_and_goes_into_json() -> None:
    for place, analysis in enumerate(ANALYSES.values()):
        drawn = drawn_analysis(analysis, f"paper{place}-")
        assert len(drawn.figures) == len(analysis.figures)
        assert json.loads(analysis.model_dump_json())["title"] == analysis.title


def test_a_comparison_shows_both_rates_and_every_cell() -> None:
    found = compare_published(
        [*scores_of("molmo-7b-d"), score("latent", 5, 0.8).model_copy(update={"layer": 28})],
        "molmo-7b-d",
        PAPER,
        JUDGE,
    )
    analysis = comparison_analysis(found)
    (table,) = analysis.tables
    assert len(table.rows) == len(found.cells)
    assert [row[2] for row in table.rows] == [cell.rate for cell in found.cells]
    assert [row[5] for row in table.rows] == [cell.published for cell in found.cells]
    (dots,) = analysis.figures
    assert dots.kind == "dots"
    assert [line.marks[1].note for line in dots.rows] == ["paper"] * len(dots.rows)
    assert drawn_analysis(analysis, "x-").figures[0].wide.startswith("<svg")


def test_a_comparison_of_nothing_scored_is_drawn() -> None:
    found = compare_published([score("latent", 8, None)], "molmo-7b-d", PAPER, JUDGE)
    analysis = comparison_analysis(found)
    assert analysis.figures == ()
    assert analysis.tables[0].rows[0][11] == "cannot tell: nothing was scored"
    assert drawn_analysis(analysis, "x-").finding == "Of 1 cells nothing can be told."
