from __future__ import annotations

import re

import pytest

from reports.figures.page import drawn
from reports.figures.records import Column, Figure, Table
from reports.templating import environment
from tests.reports.figures.made_up import ODD, every_kind, heat, layers, odd_figures


def _macro(call: str, **values: object) -> str:
    source = '{% from "figure.html.j2" import figure, table, number %}' + call
    return environment().from_string(source).render(**values)


@pytest.mark.parametrize("figure", every_kind(), ids=lambda figure: figure.kind)
def test_a_figure_is_shown_twice_with_its_table_behind(figure: Figure) -> None:
    shown = drawn(figure, "run-1")
    html = _macro("{{ figure(shown) }}", shown=shown)
    assert html.count('role="img"') == 2
    assert '<div class="wide"><svg' in html and '<div class="narrow"><svg' in html
    assert re.search(r"<details[^>]*><summary>Table", html)
    assert f'aria-label="{figure.title}" tabindex="0"' in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids)) and all(each.startswith("run-1-") for each in ids)


def test_ids_of_two_runs_differ() -> None:
    first, second = drawn(heat(), "a").wide, drawn(heat(), "b").wide
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0].isdisjoint(ids[1])


def test_table_cells_hold_the_exact_value_and_show_a_short_one() -> None:
    html = _macro("{{ table(shown) }}", shown=drawn(layers(), "a").table)
    assert '<td class="num" data-value="0.57">0.570</td>' in html
    assert '<td class="num" data-value="">–</td>' in html


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (3, "3"),
        (0.0, "0.000"),
        (0.12345, "0.123"),
        (-0.5, "-0.500"),
        (700_000.4, "700,000"),
        (0.0000123, "1.23e-05"),
        (2e12, "2e+12"),
        ("latent", "latent"),
    ],
)
def test_cells_are_short(value: float | str | None, text: str) -> None:
    assert _macro("{{ number(value) }}", value=value) == text


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_any_text_is_escaped(text: str) -> None:
    for figure in odd_figures(text):
        html = _macro("{{ figure(shown) }}", shown=drawn(figure, "run-1"))
        assert "<script" not in html and html.count("<figure") == html.count("</figure>") == 1


def test_tables_of_words_are_not_taken_for_numbers() -> None:
    table = Table(
        name="t", caption="c", columns=(Column(name="a"), Column(name="b")), rows=(("x", "y"),)
    )
    html = _macro("{{ table(shown) }}", shown=table)
    assert "<td><bdi>y</bdi></td>" in html and "data-value" not in html
