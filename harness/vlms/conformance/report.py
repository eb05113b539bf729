"""What the checks of a loaded model found, as records and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from harness.core.records import Record
from harness.vlms.base import VlmFacts

Verdict = Literal["passed", "failed", "not applicable"]

_SHOWN: Final = {"passed": "ok", "failed": "FAILED", "not applicable": "-"}
_TITLES: Final = ("check", "picture", "view", "verdict", "measured")


class CheckResult(Record):
    """One check of a model, on one picture and view where it depends on them."""

    check: str
    """Name of the check."""
    size: tuple[int, int] | None = None
    """Width and height of the picture; None for what does not depend on one."""
    view: str = ""
    """View of the picture; empty for what does not depend on one."""
    verdict: Verdict
    """Whether the model did what it must; ``not applicable`` where it has nothing to check."""
    measured: str
    """What was seen, or the error that the model answered with."""
    advice: str = ""
    """What to do about a failure; empty otherwise."""


class Conformance(Record):
    """All checks of one loaded model."""

    facts: VlmFacts
    """What the model declares."""
    results: tuple[CheckResult, ...]
    """One entry per check, picture and view, in the order they were made."""

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Return the failures."""
        return tuple(result for result in self.results if result.verdict == "failed")


def table_lines(results: Sequence[CheckResult]) -> list[str]:
    """Return a title line and one line per result; below a failure, what to do about it."""
    rows = [_TITLES, *(_cells(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES) - 1)]
    advice = ["", *(result.advice for result in results)]
    lines = []
    for row, hint in zip(rows, advice, strict=True):
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*padded, row[-1]]).rstrip())
        if hint:
            lines.append(f"    what to do: {hint}")
    return lines


def _cells(result: CheckResult) -> tuple[str, ...]:
    size = "" if result.size is None else f"{result.size[0]}x{result.size[1]}"
    return result.check, size, result.view, _SHOWN[result.verdict], result.measured
