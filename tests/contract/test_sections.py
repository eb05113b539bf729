"""Every registered analysis, on every run that a report may meet, makes figures one can trust."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from math import isfinite, nan

import pytest

from harness.core.records import LensKind
from reports.figures.records import Dots, Figure, HeatMap, LineChart, StackedBars, Table
from reports.sections.base import Analysis, Evidence
from reports.sections.registry import SECTIONS, analyses
from tests.reports.sections.evidences import (
    evidence,
    first_words,
    judged_by_panel,
    measures_of,
    nothing_scored,
    paper_of,
    shuffled,
    small_run,
    with_holes,
    with_odd_words,
    with_scores,
)

ONE_LENS: dict[str, LensKind] = {"latent": "lens", "shuffled-patch:latent": "control"}
CONTROLS: dict[str, LensKind] = {"random-vector": "control"}


def measured() -> Evidence:
    run = small_run()
    published = {"latent": {0: 0.7, 4: 0.75, 31: 0.6}, "logit": {0: 0.1}}
    return evidence(run, measures=measures_of(run.spec), paper=paper_of("mini", published))


CASES: dict[str, Callable[[], Evidence]] = {
    "measured": measured,
    "judged only": lambda: evidence(small_run()),
    "equal scores": lambda: evidence(with_scores(small_run(), lambda _: 0.5)),
    "no scores": lambda: evidence(with_scores(small_run(), lambda _: nan)),
    "unjudged": lambda: evidence(small_run(), answers={}),
    "one image": lambda: evidence(small_run(1)),
    "one patch": lambda: evidence(small_run(1, per_image=1)),
    "one layer": lambda: evidence(small_run(layers=(3,))),
    "one layer, measured": lambda: evidence(
        small_run(layers=(3,)), measures=measures_of(small_run(layers=(3,)).spec)
    ),
    "layers out of order": lambda: evidence(small_run(layers=(4, 0, 1))),
    "one word": lambda: evidence(first_words(small_run(), 1)),
    "two words": lambda: evidence(first_words(small_run(), 2)),
    "one lens": lambda: evidence(small_run(kinds=ONE_LENS)),
    "controls alone": lambda: evidence(small_run(kinds=CONTROLS)),
    "all hits": lambda: evidence(small_run(rate=lambda *_: 1.0)),
    "no hits": lambda: evidence(small_run(rate=lambda *_: 0.0)),
    "nothing scored": nothing_scored,
    "missing cells": with_holes,
    "panel": judged_by_panel,
    "odd words": with_odd_words,
}

case_of: Callable[[str], Evidence] = cache(lambda name: CASES[name]())
every_section = pytest.mark.parametrize("section", SECTIONS.names())
every_case = pytest.mark.parametrize("case", CASES)


@cache
def analysis(section: str, case: str) -> Analysis | None:
    return SECTIONS.get(section).analyse(case_of(case))


def figures_of(figure: Figure) -> Iterator[float | None]:
    """Yield every number that a figure draws."""
    match figure:
        case LineChart(lines=lines) | Dots(rows=lines):
            for mark in (mark for line in lines for mark in line.marks):
                drawn: tuple[float | None, ...] = (mark.x, mark.y, mark.low, mark.high)
                yield from drawn
        case HeatMap(values=values):
            yield from (value for row in values for value in row)
        case StackedBars(parts=parts):
            yield from (value for part in parts for value in part.values)


def labels_of(figure: Figure) -> Iterator[str]:
    match figure:
        case HeatMap(rows=rows, columns=columns):
            yield from (*rows, *columns)
        case StackedBars(bars=bars):
            yield from bars
        case LineChart(lines=lines) | Dots(rows=lines):
            yield from (text for line in lines for mark in line.marks for text in [mark.note])


def shown(found: Analysis) -> tuple[list[float], str]:
    """Return all numbers of figures and tables, and all their texts."""
    numbers = [value for figure in found.figures for value in figures_of(figure)]
    cells = [value for table in found.tables for row in table.rows for value in row]
    numbers += [float(value) for value in cells if isinstance(value, int | float)]
    texts = [label for figure in found.figures for label in labels_of(figure)]
    texts += [value for value in cells if isinstance(value, str)]
    texts += [column.name for table in found.tables for column in table.columns]
    return [value for value in numbers if value is not None], "\n".join([*texts, found.definition])


def unknown_numbers(found: Analysis, names: tuple[str, ...]) -> list[str]:
    """Return the numbers of a finding that no figure, table or definition shows."""
    text = found.finding
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    numbers, texts = shown(found)
    return [
        number
        for number, unit in re.findall(r"(\d+(?:[.,]\d+)*)( %| points)?", text)
        if not drawn(number, bool(unit), numbers)
        and re.search(rf"(?<![\d.]){re.escape(number)}(?!\d|\.\d)", texts) is None
    ]


def drawn(number: str, of_hundred: bool, values: list[float]) -> bool:
    """Return whether a number is one of ``values``, rounded as it is written; counts are exact.

    What is not drawn at all may be called 0.
    """
    digits = len(number.partition(".")[2])
    exact = digits == 0 and not of_hundred
    half = 1e-9 if exact else 0.5 * 10**-digits + 1e-9
    written = float(number.replace(",", ""))
    scale = 100 if of_hundred else 1
    return any(abs(abs(value) * scale - written) <= half for value in (*values, 0.0))


def check_figure(figure: Figure, styles: set[str]) -> None:
    assert figure.name
    assert figure.title
    match figure:
        case LineChart(lines=lines):
            for line in lines:
                places = [mark.x for mark in line.marks]
                assert places == sorted(set(places)), f"{figure.name}: {line.name}"
                assert set(line.style.split()) <= styles | {"published"}
        case HeatMap(rows=rows, columns=columns, values=values):
            assert [len(row) for row in values] == [len(columns)] * len(rows)
        case StackedBars(bars=bars, parts=parts, groups=groups):
            assert {len(part.values) for part in parts} == {len(bars)}
            assert len(groups) in (0, len(bars))
            for shares in zip(*(part.values for part in parts), strict=True):
                assert sum(share or 0.0 for share in shares) <= 1 + 1e-9
        case Dots(rows=rows_):
            assert all(row.marks for row in rows_)


def check_table(table: Table) -> None:
    assert table.name
    assert table.caption
    assert all(len(row) == len(table.columns) for row in table.rows)
    for row in table.rows:
        for value, column in zip(row, table.columns, strict=True):
            assert value is None or isinstance(value, str) != column.numeric, column.name


@every_section
@every_case
def test_an_analysis_is_whole_or_absent(section: str, case: str) -> None:
    found = analysis(section, case)
    if found is None:
        return
    assert found.name == section == SECTIONS.get(section).name
    assert found.title == SECTIONS.get(section).title
    assert found.finding.strip()
    assert found.finding.endswith(".")
    assert len(found.definition) > 40
    assert found.figures or found.tables
    names = [each.name for each in (*found.figures, *found.tables)]
    assert len(names) == len(set(names))
    assert all(note.strip() for note in found.notes)
    styles = {*case_of(case).styles.values(), *(f"lens-{i}" for i in range(6)), "grey"}
    for figure in found.figures:
        check_figure(figure, styles)
    for table in found.tables:
        check_table(table)


@every_section
@every_case
def test_no_number_is_nan_and_intervals_hold_together(section: str, case: str) -> None:
    found = analysis(section, case)
    if found is None:
        return
    json.dumps(found.model_dump(), allow_nan=False)
    assert Analysis.model_validate_json(found.model_dump_json()) == found
    assert all(isfinite(number) for number in shown(found)[0])
    for figure in found.figures:
        if isinstance(figure, LineChart | Dots):
            lines = figure.lines if isinstance(figure, LineChart) else figure.rows
            for mark in (mark for line in lines for mark in line.marks):
                assert (mark.low is None) == (mark.high is None)
                assert mark.low is None or mark.high is None or mark.low <= mark.high


@every_section
@every_case
def test_every_number_of_the_finding_is_in_a_figure_or_table(section: str, case: str) -> None:
    found = analysis(section, case)
    if found is not None:
        assert unknown_numbers(found, tuple(case_of(case).kinds)) == []


@every_section
def test_an_analysis_does_not_depend_on_the_order_of_rows(section: str) -> None:
    run = small_run()
    measures = measures_of(run.spec)
    one = SECTIONS.get(section).analyse(evidence(run, measures=measures))
    other = SECTIONS.get(section).analyse(evidence(shuffled(run), measures=measures))
    assert one == other


@every_section
def test_an_analysis_is_the_same_every_time(section: str) -> None:
    again = SECTIONS.get(section).analyse(measured())
    assert again == analysis(section, "measured")


def test_the_page_has_each_analysis_once_in_the_order_of_the_registry() -> None:
    found = analyses(case_of("measured"))
    names = [each.name for each in found]
    assert names == [name for name in SECTIONS.names() if name in names]
    assert set(SECTIONS.names()) - set(names) == {"part-of-speech"}
    parts = [part.name for each in found for part in (*each.figures, *each.tables)]
    assert len(parts) == len(set(parts))


def test_a_number_that_no_figure_shows_is_found() -> None:
    found = analysis("by-layer", "judged only")
    assert found is not None
    wrong = found.model_copy(update={"finding": "latent is at 43.217 % at layer 987, logit at 4."})
    assert unknown_numbers(wrong, ("latent",)) == ["43.217", "987"]
