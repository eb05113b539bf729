"""Tables of estimates as a page shows them: a figure, and below it its interval or the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from harness.core.agreement import Estimate
from harness.core.quoting import escaped
from harness.core.records import Record

NO_BREAK: Final = "\u00a0"
"""Space at which no line breaks."""


class Cell(Record):
    """One field of a table."""

    text: str
    """The figure or name."""
    detail: str = ""
    """What stands below it in small print."""


class Row(Record):
    """One line of a table; its first cell is its heading."""

    cells: tuple[Cell, ...]
    """In the order of the columns."""
    style: str = ""
    """Style class of the lens it is about; empty if it is about none."""
    mark: str = ""
    """``control`` or ``chosen`` where it is to be set apart."""


class Group(Record):
    """Lines that belong together."""

    title: str = ""
    """What they have in common; empty if there is one group only."""
    rows: tuple[Row, ...]
    """Its lines."""


class Table(Record):
    """A table."""

    caption: str
    """What it shows, for those who cannot see what is around it."""
    columns: tuple[str, ...]
    """Headings."""
    words: tuple[int, ...] = ()
    """Columns after the first that hold words rather than figures."""
    groups: tuple[Group, ...]
    """Its lines; without any it is not shown."""

    def __bool__(self) -> bool:
        """Tell whether there is a line to show."""
        return any(group.rows for group in self.groups)


def named(text: str) -> Cell:
    """Return a cell with a name in which nothing is hidden."""
    return Cell(text=escaped(text))


def counted(*numbers: int) -> tuple[Cell, ...]:
    """Return a cell per count."""
    return tuple(Cell(text=f"{number:,}") for number in numbers)


def estimated(
    estimate: Estimate, *, signed: bool = False, with_n: bool = False, missing: str = "undefined"
) -> Cell:
    """Return the cell of an estimate.

    Args:
        estimate: The figure.
        signed: Whether a plus is shown; for differences.
        with_n: Whether to show what it counts; where that is no column of the table.
        missing: What is said before the reason why there is no figure; not twice if the reason
            begins with it.
    """
    if estimate.estimate is None:
        reason = estimate.reason.removeprefix(f"{missing}: ")
        return Cell(text=f"{missing}:", detail=escaped(reason))
    of = f" n{NO_BREAK}{estimate.n:,}" if with_n else ""
    figure = number(estimate.estimate, signed=signed)
    if estimate.interval is None:
        return Cell(text=figure, detail=f"no interval: {escaped(estimate.reason)}{of}")
    return Cell(text=figure, detail=interval(estimate.interval, signed=signed) + of)


def in_words(estimate: Estimate, *, signed: bool = False) -> str:
    """Return an estimate in one line: with its interval, or with the reason why not."""
    cell = estimated(estimate, signed=signed)
    if estimate.estimate is not None and estimate.interval is None:
        return f"{cell.text} ({cell.detail})"
    return f"{cell.text} {cell.detail}"


def number(value: float, *, signed: bool = False) -> str:
    """Return a figure with three decimals; never a minus before zero."""
    shown = f"{value:+.3f}" if signed else f"{value:.3f}"
    return shown.replace("-", "+" if signed else "") if float(shown) == 0 else shown


def interval(ends: tuple[float, float], *, signed: bool = False) -> str:
    """Return an interval with three decimals, in which no line breaks."""
    low, high = (number(end, signed=signed) for end in ends)
    return f"[{low},{NO_BREAK}{high}]"


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Row] | None = None,
    *,
    groups: Iterable[Group] = (),
    words: Sequence[int] = (),
) -> Table:
    """Return a table of ``rows``, or of ``groups`` of rows."""
    found = tuple(groups) if rows is None else (Group(rows=tuple(rows)),)
    return Table(caption=caption, columns=tuple(columns), words=tuple(words), groups=found)
