from __future__ import annotations

import pytest

from harness.core.measures import RogueLayer
from reports.figures.records import LineChart
from reports.sections.base import Analysis
from reports.sections.rogue import SECTION
from tests.reports.sections.evidences import evidence, measures_of
from tests.reports.synthetic import make_run

RUN = make_run(images=2, layers=(0, 1, 2, 4))


def rogue(layer: int, shares: tuple[float, ...], overlap: float) -> RogueLayer:
    return RogueLayer(
        layer=layer,
        dimensions=tuple(range(100, 100 + len(shares))),
        shares=shares,
        removed=min(8, len(shares)),
        overlap=overlap,
        k=5,
        n=256,
    )


def analysed(*layers: RogueLayer) -> Analysis:
    measures = measures_of(RUN.spec).model_copy(update={"rogue": layers})
    found = SECTION.analyse(evidence(RUN, measures=measures))
    assert found is not None
    return found


def test_lines_are_sums_of_the_largest_shares() -> None:
    steep = (0.5, 0.1, 0.05, *(0.01,) * 13)
    found = analysed(rogue(4, (0.02,) * 16, 0.9), rogue(0, steep, 0.2))
    shares, overlap = found.figures
    assert isinstance(shares, LineChart)
    assert isinstance(overlap, LineChart)
    by_name = {line.name: [(mark.x, mark.y) for mark in line.marks] for line in shares.lines}
    assert list(by_name) == ["1 dimension", "3 dimensions", "8 dimensions", "16 dimensions"]
    assert by_name["1 dimension"] == [(0, 0.5), (4, 0.02)]
    assert [y for _, y in by_name["3 dimensions"]] == pytest.approx([0.65, 0.06])
    assert by_name["16 dimensions"][0][1] == pytest.approx(0.78)
    assert [(mark.x, mark.y) for mark in overlap.lines[0].marks] == [(0, 0.2), (4, 0.9)]


def test_the_finding_names_the_largest_share_and_both_ends_of_the_overlap() -> None:
    found = analysed(rogue(0, (0.03, 0.02), 0.9), rogue(2, (0.61, 0.04), 0.15))
    assert "61.0 % of the cosine (dimension 100 at layer 2)" in found.finding
    assert "the next one there carries 4.0 %" in found.finding
    assert "15.0 % (layer 2) to 90.0 % (layer 0)" in found.finding


def test_few_dimensions_give_few_lines() -> None:
    found = analysed(rogue(0, (0.7,), 0.5))
    shares = found.figures[0]
    assert isinstance(shares, LineChart)
    assert [line.name for line in shares.lines] == ["1 dimension"]
    assert "Without the 1 largest dimension, 50.0 %" in found.finding
    assert found.tables[0].rows == ((0, 0.7, None, "100", 1, 0.5, 5, 256),)


def test_without_a_library_there_is_nothing_to_show() -> None:
    measures = measures_of(RUN.spec).model_copy(update={"rogue": ()})
    assert SECTION.analyse(evidence(RUN, measures=measures)) is None
    assert SECTION.analyse(evidence(RUN)) is None
