from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.core.registry import Registry
from reports.sections.base import Section
from reports.sections.registry import GROUP, SECTIONS, analyses
from tests.reports.sections.evidences import evidence, nothing_scored, small_run

PLUGIN = Path(__file__).resolve().parents[2] / "plugin_pkg"


def test_builtin_analyses_stand_in_the_order_of_the_page() -> None:
    assert SECTIONS.names()[:11] == (
        "by-layer",
        "pass-at",
        "relations",
        "distinct-words",
        "calibration",
        "overlap",
        "leap",
        "drift",
        "norms",
        "rogue-dimensions",
        "part-of-speech",
    )


def test_an_unknown_analysis_names_near_ones() -> None:
    with pytest.raises(UsageError, match="analysis.*'by-layers'.*by-layer"):
        SECTIONS.get("by-layers")


def test_what_has_nothing_to_show_is_left_out() -> None:
    found = {each.name for each in analyses(nothing_scored())}
    assert not {"by-layer", "pass-at", "relations", "calibration"} & found
    assert {"distinct-words", "overlap"} <= found


def test_the_example_of_a_plug_in_is_an_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    monkeypatch.syspath_prepend(str(PLUGIN))
    registry: Registry[Section] = Registry("analysis", project["entry-points"][GROUP])
    section = registry.get("word-length")
    found = section.analyse(evidence(small_run(2)))
    assert found is not None
    assert (found.name, section.name) == ("word-length", "word-length")
    assert "characters on average" in found.finding
