"""Legends below a figure: samples with names, in as many columns as fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from reports.drawing import element, text, titled
from reports.figures.labels import shorten, text_width

ROW: Final = 20.0
"""Height of a row of the legend in pixels."""

_SAMPLE: Final = 30.0
_SIZE: Final = 12.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of a legend."""

    name: str
    """What is written."""
    sample: Callable[[float, float], str]
    """Draws the sample with its left end at x and its middle at y, 22 pixels wide."""


def legend(entries: Sequence[Entry], left: float, top: float, width: float) -> tuple[str, float]:
    """Draw entries row by row; return the markup and the height taken."""
    if not entries:
        return "", 0.0
    wanted = max(text_width(entry.name, _SIZE) for entry in entries) + _SAMPLE + 14
    columns = max(1, min(len(entries), int(width // wanted)))
    share = min(wanted, width / columns)
    parts = []
    for index, entry in enumerate(entries):
        row, column = divmod(index, columns)
        x, y = left + column * share, top + ROW * (row + 0.5)
        shown = shorten(entry.name, width / columns - _SAMPLE, _SIZE)
        whole = titled(entry.name) if shown != entry.name else ""
        name = text(shown, x + _SAMPLE, y + 4, class_="name")
        parts.append(element("g", whole + entry.sample(x, y) + name))
    return "".join(parts), ROW * (-(-len(entries) // columns))
