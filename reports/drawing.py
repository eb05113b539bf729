"""SVG elements as text: escaping, scales and tick marks shared by all figures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from data to pixels."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Return the pixel of ``value``; the middle where the data have no extent."""
        if self.high == self.low:
            return (self.start + self.stop) / 2
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.stop - self.start)


def element(name: str, body: str = "", /, **attributes: str | float) -> str:
    """Return one element; ``body`` is markup, attributes are escaped, ``_`` in names means ``-``.

    ``class_`` gives ``class``. Numbers have at most one decimal.
    """
    parts = [name]
    for key, value in attributes.items():
        text = value if isinstance(value, str) else number(value)
        parts.append(f"{key.rstrip('_').replace('_', '-')}={quoteattr(text)}")
    opening = " ".join(parts)
    return f"<{opening}>{body}</{name}>" if body else f"<{opening}/>"


def text(content: str, x: float, y: float, **attributes: str | float) -> str:
    """Return a text element with escaped ``content``."""
    return element("text", escape(content), x=x, y=y, **attributes)


def titled(title: str) -> str:
    """Return a ``title`` child, shown as a tooltip and read by screen readers."""
    return element("title", escape(title))


def figure(
    ident: str, title: str, description: str, size: tuple[float, float], body: Iterable[str]
) -> str:
    """Return a whole accessible figure whose ``ident`` must be unique in the page."""
    width, height = size
    return element(
        "svg",
        element("title", escape(title), id=f"{ident}-title")
        + element("desc", escape(description), id=f"{ident}-desc")
        + "".join(body),
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
        aria_labelledby=f"{ident}-title {ident}-desc",
        class_="figure",
    )


def number(value: float) -> str:
    """Return ``value`` with at most one decimal."""
    rounded = f"{value:.1f}"
    return "0" if rounded in ("-0.0", "0.0") else rounded.removesuffix(".0")


def points(pairs: Iterable[tuple[float, float]]) -> str:
    """Return a ``points`` or path coordinate list."""
    return " ".join(f"{number(x)},{number(y)}" for x, y in pairs)


def ceiling(value: float) -> float:
    """Return a round upper end of a rate axis, at least 0.1 and at most 1."""
    for end in (0.1, 0.2, 0.4, 0.6, 0.8):
        if value <= end:
            return end
    return 1.0


def ticks(high: float, count: int = 5) -> list[float]:
    """Return about ``count`` round marks from 0 to ``high`` (a positive number)."""
    raw = high / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in _STEPS if power * factor >= raw * (1 - 1e-9))
    return [round(step * i, 10) for i in range(int(high / step + 1e-9) + 1)]
