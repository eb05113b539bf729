from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.core.measures import LeapLayer
from harness.core.records import LensKind
from reports.figures.records import HeatMap
from reports.published.paper import Paper, PublishedAlignment
from reports.sections.base import Analysis
from reports.sections.leap import SECTION
from reports.sections.leap_figures import file_name
from reports.sections.leap_finding import is_leap
from tests.reports.sections.evidences import evidence, measures_of
from tests.reports.synthetic import Run, make_run

LAYERS = (0, 1, 2, 4)
STORED = (1, 2, 4, 6)

Source = Callable[[str, int, int], int | None]


def run_with(source: Source, scores: Mapping[str, float] | None = None, **kinds: LensKind) -> Run:
    """Return a run whose neighbours come from ``source(lens, visual layer, rank)``."""
    names = {name.replace("_", "-"): kind for name, kind in kinds.items()}
    run = make_run(images=3, layers=LAYERS, kinds=names)
    columns: dict[str, list[Any]] = dict(run.columns)
    places = list(zip(columns["lens"], columns["layer"], columns["rank"], strict=True))
    columns["source_layer"] = [source(*place) for place in places]
    if scores is not None:
        columns["score"] = [scores[lens] - 0.01 * rank for lens, _, rank in places]
    return replace(run, columns=columns)


def leaping(lens: str, layer: int, rank: int) -> int | None:
    """Latent finds layer 6 below visual layer 2 and its own layer after; chance is even."""
    if lens == "embedding":
        return None
    if lens == "latent":
        return 6 if layer < 2 else layer
    return STORED[rank % len(STORED)]


def analysed(run: Run, **parts: Any) -> tuple[Analysis, dict[str, HeatMap]]:
    found = SECTION.analyse(evidence(run, **parts))
    assert found is not None
    return found, {each.name: each for each in found.figures if isinstance(each, HeatMap)}


def row(figure: HeatMap, layer: int) -> dict[str, float | None]:
    values = figure.values[figure.rows.index(str(layer))]
    return dict(zip(figure.columns, values, strict=True))


def test_a_planted_leap_is_named_and_the_control_has_none() -> None:
    found, maps = analysed(run_with(leaping, latent="lens", random_reference="control"))
    assert "6 at visual layer 0 (100.0 %)" in found.finding
    assert "leap to a later layer at visual layer 0 and 1." in found.finding
    assert "control random-reference, 0.0 %" not in found.finding
    assert row(maps["leap-latent"], 1) == {"2": 0.0, "4": 0.0, "6": 1.0}
    assert row(maps["leap-latent"], 4) == {"2": 0.0, "4": 1.0, "6": 0.0}
    assert set(row(maps["leap-random-reference"], 0)) == {"1", "2", "4", "6"}
    assert list(maps["leap-latent"].rows) == ["0", "1", "2", "4"]


def test_neighbours_in_their_own_layer_are_no_leap() -> None:
    found, _ = analysed(run_with(lambda _lens, layer, _rank: max(layer, 1), latent="lens"))
    assert "None of these is a leap" in found.finding


@pytest.mark.parametrize(
    ("visual", "source", "leap"),
    [(0, 1, False), (0, 2, True), (1, 1, False), (1, 2, True), (3, 4, False), (3, 6, True)]
    + [(6, 4, False), (6, 6, False), (8, 6, False), (0, 0, False)],
)
def test_a_leap_goes_beyond_the_next_stored_layer(visual: int, source: int, leap: bool) -> None:
    assert is_leap(STORED, visual, source) is leap


def test_the_input_embedding_is_source_layer_0_where_it_is_nearer() -> None:
    run = run_with(leaping, {"latent": 0.5, "embedding": 0.9}, latent="lens", embedding="lens")
    found, maps = analysed(run)
    assert next(iter(maps)) == "leap-merged"
    assert row(maps["leap-merged"], 0) == {"0": 1.0}
    assert "latent with the input embedding is 0 at visual layer 0 (100.0 %)" in found.finding
    assert row(maps["leap-latent"], 0)["6"] == 1.0
    far = run_with(leaping, {"latent": 0.9, "embedding": 0.1}, latent="lens", embedding="lens")
    _, maps = analysed(far)
    assert "0" not in maps["leap-merged"].columns


def test_without_the_embedding_lens_the_page_says_so() -> None:
    found, maps = analysed(run_with(leaping, latent="lens"))
    assert "leap-merged" not in maps
    assert any("lacks the lens embedding" in note for note in found.notes)


def test_matched_controls_have_the_source_layers_of_their_lens_and_are_not_shown() -> None:
    run = make_run(images=3, layers=LAYERS)
    _, maps = analysed(run)
    assert set(maps) == {"leap-merged", "leap-latent", "leap-random-reference"}


def test_lenses_without_sources_have_no_leap() -> None:
    run = run_with(lambda *_: None, logit="lens")
    assert SECTION.analyse(evidence(run)) is None
    only_chance = run_with(leaping, logit="control")
    assert SECTION.analyse(evidence(only_chance)) is None


def test_measured_controls_stand_beside_the_neighbours() -> None:
    run = run_with(leaping, latent="lens")
    leap = tuple(
        LeapLayer(
            layer=layer,
            source_layers=STORED,
            nearest=(0.0, 0.0, 0.25, 0.75),
            normalised=(0.0, 0.875, 0.125, 0.0),
            n=8,
            rows=50,
        )
        for layer in LAYERS
    )
    measures = measures_of(run.spec).model_copy(update={"leap": leap})
    found, maps = analysed(run, measures=measures)
    assert row(maps["leap-normalised"], 1) == {"1": 0.0, "2": 0.875, "4": 0.125, "6": 0.0}
    assert "own scale taken out, it is 2 at visual layer 0 (87.5 %)" in found.finding
    assert row(maps["leap-anisotropy"], 2)["4"] == measures.library[2].visual[2]
    assert not maps["leap-anisotropy"].percent
    tables = {table.name: table for table in found.tables}
    assert tables["leap-nearest"].rows[0] == (0, 0.0, 0.0, 0.25, 0.75)
    source = tables["leap-source-layers"]
    assert [each[:2] for each in source.rows] == [(layer, 0.3) for layer in STORED]
    assert [column.name for column in source.columns][2:4] == ["mean, visual 0", "sd, visual 0"]


def test_without_measurements_the_page_says_so() -> None:
    found, _ = analysed(run_with(leaping, latent="lens"))
    assert any("not measured" in note for note in found.notes)
    assert found.tables == ()


def test_the_published_counts_are_a_further_map() -> None:
    alignments = (
        PublishedAlignment(model="mini", visual_layer=0, source_layer=8, neighbours=3),
        PublishedAlignment(model="mini", visual_layer=0, source_layer=0, neighbours=1),
    )
    paper = Paper(source="made up", judge="g", cells=(), alignments=alignments, drift=())
    run = run_with(leaping, latent="lens")
    _, maps = analysed(run, paper=paper)
    assert row(maps["leap-published"], 0) == {"0": 0.25, "8": 0.75}
    other = replace(evidence(run, paper=paper), published_model="another")
    found = SECTION.analyse(other)
    assert found is not None
    assert "leap-published" not in [figure.name for figure in found.figures]


def test_names_of_files_are_plain_and_differ() -> None:
    assert file_name("random-reference", 3) == "random-reference"
    assert file_name("latent:layers=1", 3) == "latent-layers-1-3"
    assert file_name("latent:layers-1", 4) == "latent-layers-1-4"
    assert file_name("<>", 5) == "5"
