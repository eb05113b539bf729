"""The explorer in as many bytes as it may take."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Final

from reports.explorer.book import Explorer, ExplorerSource
from reports.explorer.ladder import Rung
from reports.explorer.page import Page, size
from reports.explorer.prepared import prepare

BUDGET_BYTES: Final = 12_500_000
"""Bytes that chunks, pictures and index of the explorer may take in the page."""


def build_explorer(sources: Sequence[ExplorerSource], budget: int = BUDGET_BYTES) -> Explorer:
    """Pack runs into ``budget`` bytes, leaving out what :func:`reports.explorer.ladder.rungs` says.

    How much must go is predicted by packing a few images, and checked by packing all. The first
    image of every run stays even where that takes more.

    Args:
        sources: Runs in the order of the page.
        budget: Bytes that index, chunks and pictures may take together.

    Raises:
        MismatchError: a patch, or a word of a whole image, does not belong to its run.
        DataError: a score is not a finite number, or a cell has two words of one rank.
    """
    statuses = _statuses(sources)
    places = {status: place for place, status in enumerate(statuses)}
    page = Page([prepare(source, places) for source in sources], statuses)
    first, excess = 0, 1.0
    while True:

        def fits(rung: Rung, excess: float = excess) -> bool:
            return page.predicted(rung) * excess <= budget

        chosen = _first_fitting(page.rungs, first, fits)
        made = page.made(page.rungs[chosen])
        if size(made) <= budget or chosen == len(page.rungs) - 1:
            return made
        first, excess = chosen + 1, size(made) / page.predicted(page.rungs[chosen])


def _first_fitting(rungs: Sequence[Rung], first: int, fits: Callable[[Rung], bool]) -> int:
    """Return the place of the first rung from ``first`` on that fits; the last one if none does.

    It looks down in growing steps, since the upper rungs are the likely ones, and then halves.
    """
    last, step = len(rungs) - 1, 1
    low = high = first
    while high < last and not fits(rungs[high]):
        low, high, step = high + 1, min(high + step, last), 2 * step
    return bisect_left(rungs, True, low, high, key=fits)


def _statuses(sources: Sequence[ExplorerSource]) -> list[str]:
    """Return ``ok`` and then all other statuses by name."""
    found = {
        cell.status
        for source in sources
        for board in source.boards
        for cells in board.cells.values()
        for cell in cells
    }
    return ["ok", *sorted(found - {"ok"})]
