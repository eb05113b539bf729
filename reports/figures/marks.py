"""What lines and bars are drawn with: style classes, marker shapes, samples and patterns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from reports.drawing import element, number, points, titled
from reports.figures.labels import BOLD

RELATIONS: Final = ("concrete", "abstract", "global", "none", "unscored")
"""Style classes with a pattern of their own."""

_SHAPES: Final = 6


def classes(part: str, style: str) -> str:
    """Return the class attribute of a part: controls and published curves are named as such."""
    if is_control(style):
        return f"{part} {style} control"
    return f"{part} {style}"


def is_control(style: str) -> bool:
    """Whether a style class belongs to a control: thin, dashed and without a band."""
    return style.startswith("control-")


def is_published(style: str) -> bool:
    """Whether a style class belongs to a curve of the paper: dotted and behind the others."""
    return style.partition(" ")[0] == "published"


def shapes(styles: Sequence[str]) -> list[int]:
    """Return a marker shape for every line, so that no two lines differ by colour alone.

    A lens has the shape of its number in every figure; where more than six lenses share the six
    colours, the second one of a colour has another shape. Matched controls share their lens's.
    """
    seen: Counter[str] = Counter()
    found = []
    for style in styles:
        last = style.rpartition("-")[2]
        first = int(last) if last.isdecimal() else 0
        found.append((first + 3 * seen[style] + seen[style] // 2) % _SHAPES)
        seen[style] += 1
    return found


def marker(shape: int, at: tuple[float, float], size: float, class_: str, tooltip: str = "") -> str:
    """Return a mark: circle, square, triangle, diamond, triangle on its tip or cross.

    Args:
        shape: Number from :func:`shapes`.
        at: Middle in pixels.
        size: Radius in pixels; the other shapes look as large as a circle of it.
        class_: Class attribute.
        tooltip: Shown on hover and read by screen readers; empty for none.
    """
    x, y = at
    inside = titled(tooltip) if tooltip else ""
    if shape == 0:
        return element("circle", inside, class_=class_, cx=x, cy=y, r=size)
    corners = [(x + size * dx, y + size * dy) for dx, dy in _CORNERS[shape]]
    return element("polygon", inside, class_=class_, points=points(corners))


def line_sample(style: str, shape: int, x: float, y: float, length: float = 22.0) -> str:
    """Return a piece of a line with its mark, as it stands in a legend."""
    line = element("line", class_=classes("line", style), x1=x, x2=x + length, y1=y, y2=y)
    return line + marker(shape, (x + length / 2, y), marker_size(style), classes("mark", style))


def marker_size(style: str) -> float:
    """Return the radius of a line's marks."""
    if is_published(style):
        return 1.8
    return 2.4 if is_control(style) else 3.4


def label_size(style: str) -> float:
    """Return the letter size to reckon a label's width with: bold for lenses, small for others."""
    return 12.0 if is_control(style) or is_published(style) else BOLD


def hatching(ident: str) -> str:
    """Return the pattern of x positions whose states are those of layer 0."""
    return _pattern(f"{ident}-same", 7, _stroke("hatch-line", "M0 0V7"), turned=True)


def relation_patterns(ident: str, styles: Sequence[str]) -> str:
    """Return the patterns that bars with these style classes are filled with."""
    made = {
        "abstract": _pattern(
            f"{ident}-abstract", 6, _ground("abstract") + _stroke("gap", "M0 0V6"), turned=True
        ),
        "global": _pattern(
            f"{ident}-global",
            6,
            _ground("global")
            + element("circle", class_="hole", cx=1.5, cy=1.5, r=1)
            + element("circle", class_="hole", cx=4.5, cy=4.5, r=1),
        ),
        "unscored": _pattern(
            f"{ident}-unscored", 5, _stroke("hatch-line", "M0 0L5 5M5 0L0 5"), turned=False
        ),
    }
    return "".join(pattern for name, pattern in made.items() if name in styles)


def bar_fill(ident: str, style: str) -> dict[str, str]:
    """Return the attributes that fill a bar of this style class."""
    if style in ("abstract", "global", "unscored"):
        return {"class_": f"part {style}", "fill": f"url(#{ident}-{style})"}
    return {"class_": f"part solid {style}"}


def _pattern(ident: str, side: int, body: str, *, turned: bool = False) -> str:
    turn = {"patternTransform": "rotate(45)"} if turned else {}
    return element(
        "pattern",
        body,
        id=ident,
        width=side,
        height=side,
        patternUnits="userSpaceOnUse",
        **turn,
    )


def _ground(style: str) -> str:
    return element("rect", class_=f"solid {style}", width=6, height=6)


def _stroke(class_: str, path: str) -> str:
    return element("path", class_=class_, d=path)


def _polygon(*pairs: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    return pairs


_THIRD: Final = 0.42
_CORNERS: Final = {
    1: _polygon((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    2: _polygon((0, -1.25), (1.15, 0.85), (-1.15, 0.85)),
    3: _polygon((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    4: _polygon((0, 1.25), (1.15, -0.85), (-1.15, -0.85)),
    5: _polygon(
        (-_THIRD, -1.25),
        (_THIRD, -1.25),
        (_THIRD, -_THIRD),
        (1.25, -_THIRD),
        (1.25, _THIRD),
        (_THIRD, _THIRD),
        (_THIRD, 1.25),
        (-_THIRD, 1.25),
        (-_THIRD, _THIRD),
        (-1.25, _THIRD),
        (-1.25, -_THIRD),
        (-_THIRD, -_THIRD),
    ),
}
"""Corners of the shapes in radii of a circle that looks as large."""


def rotated(x: float, y: float, degrees: int) -> str:
    """Return the transform that turns a text about the point it stands at."""
    return f"rotate({degrees} {number(x)} {number(y)})"
