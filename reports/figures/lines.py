"""Line charts: curves with interval bands over layers, ranks or scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from reports.drawing import element, points, text, titled
from reports.figures.canvas import canvas, nothing
from reports.figures.describe import lines_text
from reports.figures.labels import (
    NARROWER_THAN,
    isolated,
    mark_text,
    position_text,
    shorten,
)
from reports.figures.legend import Entry, legend
from reports.figures.marks import (
    classes,
    is_control,
    is_published,
    label_size,
    line_sample,
    marker,
    marker_size,
    shapes,
)
from reports.figures.plot import LABEL_STEP, Plot, apart, banded, ground, lay_out, seen
from reports.figures.records import Line, LineChart, Mark

_DENSE: Final = 2 / 3
"""Share of the positions between its ends that a curve must have to be broken at the others."""


def draw_lines(chart: LineChart, ident: str, width: float) -> str:
    """Draw curves with bands for their intervals, and names at their ends if there is room.

    Controls are dashed and without a band, published curves dotted and behind the others. Hatched
    positions are those of ``chart.shaded``. A curve is broken where it misses a position, if it
    has most of the positions between its ends; those of published curves do not count.
    Values of 0 and less cannot be drawn on a logarithmic axis; a line below the plot says how
    many they are.
    """
    drawn = [line for line in chart.lines if any(seen(chart, mark) for mark in line.marks)]
    if not drawn:
        return nothing(ident, chart.title, width)
    plot = lay_out(chart, drawn, width)
    looks = list(zip(drawn, shapes([line.style for line in drawn]), strict=True))
    inside = [_band(chart, line, plot) for line in drawn if banded(line)]
    body = [*ground(chart, ident, plot), _clip(ident, plot)]
    body.append(element("g", "".join(inside), clip_path=f"url(#{ident}-clip)"))
    backwards = looks[::-1]
    body += [_curve(chart, *look, plot) for look in sorted(backwards, key=_depth)]
    bottom = plot.bottom + 44
    if width >= NARROWER_THAN:
        body += _end_labels(chart, looks, plot, width)
    else:
        entries = [
            Entry(line.name, partial(line_sample, line.style, shape)) for line, shape in looks
        ]
        listed, height = legend(entries, 4, bottom, width - 8)
        body.append(listed)
        bottom += height + 4
    left_out = sum(not seen(chart, mark) for line in chart.lines for mark in line.marks)
    if left_out:
        bottom += 18
        said = f"not on a logarithmic axis: values of 0 or less ({left_out})"
        body.append(text(said, 4, bottom - 6, class_="axis"))
    return canvas(ident, chart.title, lines_text(chart), (width, bottom), body)


def _depth(look: tuple[Line, int]) -> int:
    """Sort key from back to front: published, controls, lenses."""
    style = look[0].style
    if is_published(style):
        return 0
    return 1 if is_control(style) else 2


def _clip(ident: str, plot: Plot) -> str:
    room = element(
        "rect",
        x=plot.left,
        y=plot.top,
        width=plot.right - plot.left,
        height=plot.bottom - plot.top,
    )
    return element("defs", element("clipPath", room, id=f"{ident}-clip"))


def _segments(chart: LineChart, line: Line, plot: Plot) -> Iterator[list[Mark]]:
    """Yield the parts of a line that are drawn through."""
    marks = [mark for mark in line.marks if seen(chart, mark)]
    order = plot.measured
    broken = False
    if chart.categorical and not is_published(line.style):
        spanned = order[marks[-1].x] - order[marks[0].x] + 1
        broken = len(marks) >= _DENSE * spanned
    part: list[Mark] = []
    for mark in marks:
        if broken and part and order[mark.x] > order[part[-1].x] + 1:
            yield part
            part = []
        part.append(mark)
    yield part


def _band(chart: LineChart, line: Line, plot: Plot) -> str:
    parts = []
    for segment in _segments(chart, line, plot):
        known = [
            (plot.place[mark.x], plot.y(mark.low), plot.y(mark.high))
            for mark in segment
            if mark.low is not None and mark.high is not None
        ]
        if len(known) == 1:
            x, low, high = known[0]
            style = classes("whisker", line.style)
            parts.append(element("line", class_=style, x1=x, x2=x, y1=low, y2=high))
        elif known:
            outline = [(x, high) for x, _, high in known]
            outline += [(x, low) for x, low, _ in reversed(known)]
            style = classes("band", line.style)
            parts.append(element("polygon", class_=style, points=points(outline)))
    return "".join(parts)


def _curve(chart: LineChart, line: Line, shape: int, plot: Plot) -> str:
    parts = []
    for segment in _segments(chart, line, plot):
        if len(segment) > 1:
            path = points((plot.place[mark.x], plot.y(mark.y)) for mark in segment)
            parts.append(element("polyline", class_=classes("line", line.style), points=path))
    for mark in line.marks:
        if seen(chart, mark):
            parts.append(
                marker(
                    shape,
                    (plot.place[mark.x], plot.y(mark.y)),
                    marker_size(line.style),
                    classes("mark", line.style),
                    _tooltip(chart, line, mark),
                )
            )
    return element("g", "".join(parts), class_="series")


def _tooltip(chart: LineChart, line: Line, mark: Mark) -> str:
    where = f"{isolated(line.name)}, {isolated(chart.x_label)} {position_text(mark.x)}"
    note = f" ({mark.note})" if mark.note else ""
    return f"{where}: {mark_text(mark)}{note}"


def _end_labels(
    chart: LineChart, looks: Sequence[tuple[Line, int]], plot: Plot, width: float
) -> list[str]:
    """Write every name at the right, tied to the end of its curve, without overlaps."""
    last = [next(m for m in reversed(line.marks) if seen(chart, m)) for line, _ in looks]
    ends = [(plot.place[mark.x], plot.y(mark.y)) for mark in last]
    heights = apart([y for _, y in ends], LABEL_STEP, plot.top + 2, plot.bottom - 2)
    body = []
    for (line, shape), (x, y), at in zip(looks, ends, heights, strict=True):
        start = plot.right + 12
        tie = points([(x + 5, y), (start, at)])
        shown = shorten(line.name, width - start - 26, label_size(line.style))
        whole = titled(line.name) if shown != line.name else ""
        sample = line_sample(line.style, shape, start, at, 16)
        name = text(shown, start + 22, at + 4, class_=classes("label", line.style))
        body.append(element("polyline", class_="tie", points=tie))
        body.append(element("g", whole + sample + name))
    return body
