"""Records of a simulation as CSV, and its summary: shared by the benchmarks of coverage."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, TypeVar

from harness.core.records import Record

R = TypeVar("R", bound=Record)

NOMINAL: Final = (0.93, 0.97)
"""Coverage of a nominal 95 % interval that is not listed as outside."""


class Covered(Protocol):
    """A setting of which coverage was measured."""

    @property
    def figure(self) -> str:
        """What was estimated."""
        ...

    @property
    def coverage(self) -> float:
        """Share of intervals that hold the truth."""
        ...


def to_csv(rows: Sequence[Record]) -> str:
    """Return at least one row of one type as CSV with a header."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(type(rows[0]).model_fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.model_dump() for row in rows)
    return stream.getvalue()


def read_csv(path: Path, type_: type[R]) -> list[R]:
    """Return the rows of a CSV that :func:`to_csv` made."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [type_.model_validate(line) for line in csv.DictReader(stream)]


def summary(rows: Sequence[Covered], what: str) -> list[str]:
    """Return the lines of a table with the range of coverage of every figure, called ``what``."""
    lines = ["### All settings", "", f"| {what} | settings | lowest | highest | < 93 % | > 97 % |"]
    lines.append("|---|---|---|---|---|---|")
    for figure in dict.fromkeys(row.figure for row in rows):
        shares = [row.coverage for row in rows if row.figure == figure]
        low = sum(share < NOMINAL[0] for share in shares)
        high = sum(share > NOMINAL[1] for share in shares)
        ends = f"{100 * min(shares):.1f} % | {100 * max(shares):.1f} %"
        lines.append(f"| {figure} | {len(shares)} | {ends} | {low} | {high} |")
    return lines
