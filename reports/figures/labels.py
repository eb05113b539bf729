"""Words and numbers of a figure: how wide they are, how they are cut and how they are written."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from reports.figures.records import Mark

NARROWER_THAN: Final = 560.0
"""Width in CSS pixels below which a figure is laid out for a phone."""

BOLD: Final = 14.6
"""Size in pixels of a plain letter as wide as a bold one of 13 pixels."""

MINUS: Final = "\u2212"
"""Minus sign, as wide as a plus."""

_SLIM: Final = frozenset("iljtfrI.,:;|!'()[] -1")
_BROAD: Final = frozenset("mwMW@%")
_BIGGEST: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Return ``text`` with the characters that XML does not allow replaced by U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


def slug(text: str, fallback: str = "figure") -> str:
    """Return ``text`` as lower-case ASCII letters, digits and hyphens, at most 80 of them."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80].strip("-") or fallback


def text_width(text: str, size: float = 13.0) -> float:
    """Return about how many pixels ``text`` takes in a wide sans serif font of ``size`` pixels."""
    return sum(_letter_width(letter) for letter in text) * size


def shorten(text: str, room: float, size: float = 13.0) -> str:
    """Return ``text``, with an ellipsis in it where it is wider than ``room`` pixels.

    The last third is kept as well as the beginning: names that begin alike often differ there.
    """
    if text_width(text, size) <= room:
        return text
    room -= text_width("…", size)
    tail = _fitting(text[::-1], room / 3, size)
    head = _fitting(text, room - text_width(text[len(text) - tail :], size), size)
    return text[:head].rstrip() + "…" + text[len(text) - tail :].lstrip()


def isolated(name: str) -> str:
    """Return ``name`` so that right-to-left letters in it do not reorder the figures after it."""
    mixed = any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in name)
    return f"\u2068{name}\u2069" if mixed else name


def figure_text(value: float) -> str:
    """Return a value as a reader wants it: three decimals, or four digits if large or tiny."""
    size = abs(value)
    if size >= 1000 or 0 < size < 0.001:
        text = f"{value:,.0f}" if 1000 <= size < 1e9 else f"{value:.3g}"
    else:
        text = f"{value:.3f}"
    return text.replace("-", MINUS)


def mark_text(mark: Mark) -> str:
    """Return an estimate with its interval, such as ``0.551 [0.524, 0.578]``."""
    text = figure_text(mark.y)
    if mark.low is not None and mark.high is not None:
        text += f" [{figure_text(mark.low)}, {figure_text(mark.high)}]"
    return text


def position_text(x: float) -> str:
    """Return a position on the horizontal axis, without needless decimals."""
    return f"{x:.6g}".replace("-", MINUS)


def compact(value: float) -> str:
    """Return a tick mark's value in few letters: 20k for 20,000 and 700k for 700,000."""
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-3:
        return f"{value:.2g}".replace("-", MINUS)
    for unit, letter in _BIGGEST:
        if size >= unit and size >= 1e4:
            return f"{value / unit:g}{letter}".replace("-", MINUS)
    return f"{value:g}".replace("-", MINUS)


def _fitting(text: str, room: float, size: float) -> int:
    """Return how many letters from the start of ``text`` are no wider than ``room``."""
    used = 0.0
    for count, letter in enumerate(text):
        used += _letter_width(letter) * size
        if used > room:
            return count
    return len(text)


def _letter_width(letter: str) -> float:
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0.0
    if letter in _SLIM:
        return 0.38
    if letter in _BROAD or unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.62
