"""Reading drawn figures in tests."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from reports.figures.draw import draw
from reports.figures.records import Figure

WIDTHS = (860.0, 340.0)


def drawn_tree(figure: Figure, width: float = 860.0) -> ElementTree.Element:
    """Draw a figure and parse it, which fails if it is not well-formed XML."""
    return ElementTree.fromstring(draw(figure, "f-0", width))


def having(root: ElementTree.Element, *names: str, tag: str = "*") -> list[ElementTree.Element]:
    """Return the elements that have all classes ``names``, in document order."""
    found = root.iter() if tag == "*" else root.iter(tag)
    return [each for each in found if set(names) <= set(each.get("class", "").split())]


def shown(root: ElementTree.Element) -> list[str]:
    """Return the texts that are drawn."""
    return [each.text or "" for each in root.iter("text")]


def tooltips(root: ElementTree.Element) -> list[str]:
    """Return the titles of the parts, without that of the figure."""
    return [each.text or "" for each in root.iter("title") if each.get("id") is None]


def number(element: ElementTree.Element, name: str) -> float:
    """Return an attribute as a number."""
    return float(element.get(name, "nan"))


def places(root: ElementTree.Element) -> Iterator[float]:
    """Yield every coordinate of rectangles, lines and circles."""
    for each in root.iter():
        if each.tag in ("rect", "line", "circle", "text"):
            for name in ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height"):
                if each.get(name) is not None:
                    yield number(each, name)
