from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from reports.figures.palette import LIGHT
from reports.figures.records import Figure
from reports.figures.standalone import standalone
from tests.reports.figures.made_up import ODD, every_kind, layers, odd_figures, stack

SVG = "{http://www.w3.org/2000/svg}"


def _rules(svg: str) -> dict[str, str]:
    sheet = ElementTree.fromstring(svg.encode()).find(f"{SVG}style")
    assert sheet is not None
    return dict(re.findall(r"([^{}]+)\{([^}]*)\}", sheet.text or ""))


@pytest.mark.parametrize("figure", every_kind(), ids=lambda figure: figure.kind)
def test_files_need_nothing_else(figure: Figure) -> None:
    svg = standalone(figure, 860)
    root = ElementTree.fromstring(svg.encode())
    assert root.tag == f"{SVG}svg" and root.get("width") == "872"
    assert root.get("viewBox", "").startswith("-6 -6 872 ")
    assert "var(" not in svg and "--" not in svg
    assert not re.search(r"(href|@import|@font-face|<script|<image)", svg)
    assert re.findall(r"https?://[^\"' ]+", svg) == ["http://www.w3.org/2000/svg"]
    assert root.get("font-family", "").endswith("sans-serif")


def test_every_lens_has_its_colour() -> None:
    rules = _rules(standalone(layers(), 860))
    assert rules[".figure .line.lens-0"] == f"stroke: {LIGHT['s0']};"
    assert rules[".figure .line.lens-1"] == f"stroke: {LIGHT['s1']};"
    assert rules[".figure .mark.control.control-0"] == f"stroke: {LIGHT['s0']};"
    assert LIGHT["ink"] in rules[".figure .line"] and "stroke-width: 2.2" in rules[".figure .line"]
    assert LIGHT["s2"] in _rules(standalone(stack(), 860))[".figure .solid.concrete"]


def test_every_variable_of_a_rule_is_known() -> None:
    """Rules that the reader of the style sheet does not understand would be lost silently."""
    rules = _rules(standalone(layers(), 860))
    from reports.templating import asset

    written = re.findall(r"^\.figure [^{]+(?= \{)", asset("figures.css"), re.MULTILINE)
    assert set(written) <= set(rules) and len(written) > 30


def test_the_background_is_white_or_see_through() -> None:
    for background, count in (("#ffffff", 1), (None, 0)):
        root = ElementTree.fromstring(standalone(layers(), 860, background).encode())
        grounds = [each for each in root.iter(f"{SVG}rect") if each.get("fill") == "#ffffff"]
        assert len(grounds) == count


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_any_text_gives_a_valid_file(text: str) -> None:
    for figure in odd_figures(text):
        root = ElementTree.fromstring(standalone(figure, 860).encode())
        assert not list(root.iter(f"{SVG}script"))
