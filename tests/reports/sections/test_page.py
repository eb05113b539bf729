from __future__ import annotations

import re

from reports.figures.records import Column, Table
from reports.sections.base import Analysis
from reports.sections.page import drawn_analysis
from reports.templating import environment
from tests.reports.figures.made_up import ODD, every_kind, heat, layers


def _analysis(name: str = "drift", text: str = "said") -> Analysis:
    return Analysis(
        name=name,
        title=f"{text} title",
        finding=f"{text} finding",
        definition=f"{text} definition",
        figures=(layers(), heat()),
        tables=(Table(name="more", caption="more", columns=(Column(name="a"),), rows=(("b",),)),),
        notes=(f"{text} note",),
    )


def _page(*analyses: Analysis) -> str:
    shown = [drawn_analysis(each, f"run-{i}") for i, each in enumerate(analyses)]
    return environment().get_template("analyses.html.j2").render(analyses=shown)


def test_an_analysis_says_what_it_found_shows_it_and_defines_it_below() -> None:
    html = _page(_analysis())
    parts = ["said title</h3>", "said finding", "<svg", "How this is computed:</b> said definition"]
    found = [html.index(part) for part in (*parts, "said note")]
    assert found == sorted(found)
    assert html.count('role="img"') == 4 and html.count("<table") == 3


def test_ids_are_unique_over_runs_analyses_and_figures() -> None:
    twice = _analysis().model_copy(update={"figures": (heat(), heat(), *every_kind())})
    html = _page(twice, twice, _analysis("other"))
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert 'id="run-1-drift"' in html
    for reference in re.findall(r'aria-labelledby="([^"]+)"|url\(#([^)]+)\)', html):
        assert set("".join(reference).split()) <= set(ids)


def test_figures_of_a_drawn_analysis_keep_their_tables() -> None:
    drawn = drawn_analysis(_analysis(), "run-0")
    assert [each.table.caption for each in drawn.figures] == ["Rate by layer", "Source layers"]
    assert drawn.tables == _analysis().tables and drawn.name == "drift"


def test_any_text_is_escaped() -> None:
    for text in ODD:
        assert "<script" not in _page(_analysis(text=text))


def test_an_analysis_without_figures_and_no_analysis_at_all() -> None:
    bare = _analysis().model_copy(update={"figures": (), "tables": (), "notes": ()})
    assert "said finding" in _page(bare) and "<svg" not in _page(bare)
    assert _page().strip() == ""
