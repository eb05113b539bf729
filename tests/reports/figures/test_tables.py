from __future__ import annotations

import pytest

from reports.figures.records import Figure, HeatMap, StackedBars
from reports.figures.tables import figure_table
from tests.reports.figures.made_up import chart, dots, every_kind, heat, layers, line, stack


def _values(figure: Figure) -> list[float | None]:
    """Return every number that a figure holds."""
    if isinstance(figure, HeatMap):
        return [value for row in figure.values for value in row]
    if isinstance(figure, StackedBars):
        return [value for part in figure.parts for value in part.values]
    lines = figure.lines if figure.kind == "lines" else figure.rows
    marks = [mark for each in lines for mark in each.marks]
    return [value for mark in marks for value in (mark.y, mark.low, mark.high)]


@pytest.mark.parametrize("figure", every_kind(), ids=lambda figure: figure.kind)
def test_every_value_of_a_figure_is_in_its_table_unrounded(figure: Figure) -> None:
    table = figure_table(figure)
    cells = [cell for row in table.rows for cell in row]
    for value in _values(figure):
        cells.remove(value)  # raises if the table has it less often than the figure
    assert table.name == figure.name and table.caption == figure.title
    assert all(len(row) == len(table.columns) for row in table.rows)
    for index, column in enumerate(table.columns):
        texts = [isinstance(row[index], str) for row in table.rows]
        assert not any(texts) if column.numeric else True in texts


def test_curves_have_a_row_per_mark() -> None:
    table = figure_table(layers())
    assert [column.name for column in table.columns] == [
        "curve",
        "visual layer",
        "share of patches",
        "low",
        "high",
        "nearly the same vector as layer 0",
    ]
    assert table.rows[1] == ("latent", 1, 0.6, 0.57, 0.63, "yes")
    assert table.rows[2][-1] == ""
    assert table.rows[-1][:5] == ("latent (paper)", 3, 0.65, None, None)


def test_columns_that_nothing_fills_are_left_out() -> None:
    table = figure_table(chart(line("latent", "lens-0", {0: 0.5, 1.5: 0.6}, None)))
    assert [column.name for column in table.columns] == [
        "curve",
        "visual layer",
        "share of patches",
    ]
    assert table.rows == (("latent", 0, 0.5), ("latent", 1.5, 0.6))


def test_heat_maps_and_bars_have_their_own_shape() -> None:
    assert figure_table(heat()).rows == (("0", 0.1, 0.35, None), ("4", 0.0, 0.25, 0.4))
    table = figure_table(stack())
    assert [column.name for column in table.columns][:3] == ["group", "visual layer", "concrete"]
    assert table.rows[3] == ("logit", "4", None, None, None, None, None)
    assert figure_table(stack(groups=())).rows[0][:2] == ("0", 0.5)


def test_rows_without_a_mark_are_kept() -> None:
    table = figure_table(dots())
    assert table.rows[1] == ("latent", 0.68, None, None, "published")
    assert table.rows[-1] == ("random-vector", None, None, None, None)
    empty = figure_table(chart())
    assert empty.rows == () and len(empty.columns) == 3
