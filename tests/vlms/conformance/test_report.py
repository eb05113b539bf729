"""Results as a table."""

from __future__ import annotations

from harness.vlms.conformance.report import CheckResult, table_lines


def test_a_table_has_aligned_columns_and_says_what_to_do() -> None:
    good = CheckResult(check="padding", verdict="passed", measured="states changed by 0")
    bad = CheckResult(
        check="painted cell",
        size=(150, 90),
        view="tiles",
        verdict="failed",
        measured="2 of 9 cells",
        advice="correct the grid",
    )
    none = CheckResult(
        check="separators", size=(64, 64), verdict="not applicable", measured="no separators"
    )
    assert table_lines([good, bad, none]) == [
        "check         picture  view   verdict  measured",
        "padding                       ok       states changed by 0",
        "painted cell  150x90   tiles  FAILED   2 of 9 cells",
        "    what to do: correct the grid",
        "separators    64x64           -        no separators",
    ]
