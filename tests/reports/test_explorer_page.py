from __future__ import annotations

import re
from pathlib import Path

import pytest

import reports
from reports.explorer_page import SCRIPTS, explorer_script, explorer_style
from reports.templating import asset

TEMPLATES = Path(reports.__file__).parent / "templates"


def test_every_part_of_the_script_is_in_it_once() -> None:
    assert sorted(SCRIPTS) == sorted(path.name for path in TEMPLATES.glob("explorer*.js"))
    for name in SCRIPTS:
        assert explorer_script().count(asset(name)) == 1


def test_nothing_of_the_script_is_global() -> None:
    assert explorer_script().startswith('"use strict";\n(() => {\n')
    assert explorer_script().endswith("})();\n")


@pytest.mark.parametrize(
    "forbidden",
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(",
     "fetch(", "XMLHttpRequest", "import(", "Worker", "localStorage", "</script", "<!--"],
)  # fmt: skip
def test_the_script_neither_loads_nor_writes_markup(forbidden: str) -> None:
    assert forbidden not in explorer_script()


def test_the_script_finds_every_element_that_it_asks_for() -> None:
    template = asset("explorer.html.j2")
    asked = set(re.findall(r'(?:field|fill|on)\("([\w-]+)"', explorer_script()))
    there = set(re.findall(r'\bid="([\w-]+)"', template))
    assert asked <= there
    assert len(asked) > 25
    assert re.search(r"\son\w+=", template) is None


def test_the_style_sheet_loads_nothing_and_stays_within_the_explorer() -> None:
    style = explorer_style()
    assert "url(" not in style
    assert "@import" not in style
    selectors = re.findall(r"(?:^|\})\s*([^{}@]+)\{", style, flags=re.MULTILINE)
    assert len(selectors) > 60
    for selector in selectors:
        for each in selector.split(","):
            assert ".x-" in each, each
