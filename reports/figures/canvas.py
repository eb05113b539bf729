"""The frame of every figure: its accessible title and description, also if there is nothing."""

from __future__ import annotations

from collections.abc import Iterable

from reports.drawing import element, figure, text
from reports.figures.labels import clean

NOTHING = "nothing to show"
"""What stands in an empty figure."""


def canvas(
    ident: str, title: str, description: str, size: tuple[float, float], body: Iterable[str]
) -> str:
    """Return a whole figure; characters that XML does not allow become U+FFFD."""
    return clean(figure(ident, title, description, size, body))


def nothing(ident: str, title: str, width: float) -> str:
    """Return a figure that says that there is nothing to show."""
    frame = element("rect", class_="frame", x=1, y=1, width=width - 2, height=62)
    words = text(NOTHING, width / 2, 36, class_="axis", text_anchor="middle")
    return canvas(ident, title, NOTHING, (width, 64), [frame, words])
