"""Figures that stand alone: SVG with its own colours and fonts, for papers and slides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from reports.drawing import element, number
from reports.figures.draw import draw
from reports.figures.palette import LIGHT, colour_name
from reports.figures.records import Figure
from reports.templating import asset

FONTS: Final = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
"""Families asked for, widespread ones first."""

MARGIN: Final = 6.0
"""Empty pixels on every side, so that no letter is cut where fonts are wider than thought."""

_RULE: Final = re.compile(r"^(\.figure [^{},:@]+) \{ ([^}]+) \}$", re.MULTILINE)
_OPENING: Final = re.compile(r'^<svg viewBox="0 0 ([0-9.]+) ([0-9.]+)"')
_STYLED: Final = re.compile(r"\b(?:lens|control)-(?:\d+|grey)\b")
_VARIABLE: Final = re.compile(r"var\(--([a-z0-9-]+)\)")


def standalone(figure: Figure, width: float, background: str | None = "#ffffff") -> str:
    """Return a figure as an SVG document that needs nothing else.

    The colours are those of the light theme; ``paper`` becomes the background.

    Args:
        figure: What to draw.
        width: Width in CSS pixels, without the margin.
        background: Colour behind the figure; None leaves it see-through.
    """
    drawn = draw(figure, "figure", width)
    size = _OPENING.match(drawn)
    if size is None:  # draw() always starts this way
        raise ValueError("a figure does not start with its size")
    across, down = (float(each) + 2 * MARGIN for each in size.groups())
    sheet = element("style", _style_sheet(drawn, background or "#ffffff"))
    corner = number(-MARGIN)
    ground = (
        element("rect", x=-MARGIN, y=-MARGIN, width=across, height=down, fill=background)
        if background
        else ""
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(across)}" '
        f'height="{number(down)}" font-family="{FONTS}" '
        f'viewBox="{corner} {corner} {number(across)} {number(down)}"'
    )
    attributes, inside = drawn[size.end() :].split(">", 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}{attributes}>{sheet}{ground}{inside}\n'


def _style_sheet(svg: str, paper: str) -> str:
    """Return the rules of ``figures.css`` for figures, with every variable replaced.

    ``var(--c)`` depends on the class of a lens: its rule is written once per class in ``svg``.
    """
    colours = {**LIGHT, "paper": paper}
    styles = sorted(set(_STYLED.findall(svg)))
    rules = []
    for selector, body in _RULE.findall(asset("figures.css")):
        rules.append(f"{selector}{{{_resolved(body, {**colours, 'c': colours['ink']})}}}")
        if "var(--c)" in body:
            rules += [
                f"{selector}.{style}{{{_coloured(body, colours[colour_name(style)])}}}"
                for style in styles
            ]
    return "".join(rules)


def _resolved(body: str, colours: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: colours[match.group(1)], body)


def _coloured(body: str, colour: str) -> str:
    """Return the declarations of ``body`` that depend on the class, with its colour."""
    own = [each.strip() for each in body.split(";") if "var(--c)" in each]
    return "; ".join(each.replace("var(--c)", colour) for each in own) + ";"
