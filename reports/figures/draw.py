"""Any figure as SVG."""

from __future__ import annotations

from reports.figures.dots import draw_dots
from reports.figures.heat import draw_heat
from reports.figures.lines import draw_lines
from reports.figures.records import Figure, HeatMap, LineChart, StackedBars
from reports.figures.stack import draw_stack


def draw(figure: Figure, ident: str, width: float) -> str:
    """Return a figure as SVG for the page, coloured by the classes of ``figures.css``.

    Args:
        figure: What to draw; a figure without values says that there is nothing to show.
        ident: Unique id in the page: letters, digits and hyphens.
        width: Width in CSS pixels at which the text is as large as body text; below 560 the
            figure is laid out for a phone.

    The SVG has the role of an image with title and description, and a tooltip per mark. It may
    hold any text: markup is escaped and what XML does not allow becomes U+FFFD.
    """
    if isinstance(figure, LineChart):
        return draw_lines(figure, ident, width)
    if isinstance(figure, HeatMap):
        return draw_heat(figure, ident, width)
    if isinstance(figure, StackedBars):
        return draw_stack(figure, ident, width)
    return draw_dots(figure, ident, width)
