"""The three figures on judges and people: confusion, forest of error rates, corrected rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, sqrt
from typing import Final, NamedTuple

from harness.core.agreement import Confusion, Estimate
from reports.agreement_cells import in_words, interval, number
from reports.drawing import Scale, ceiling, element, figure, points, text, ticks
from reports.drawing import titled as tooltip

_NAME: Final = 26
"""Letters of a name that are shown beside a row; all of it is in the tooltip and the tables."""

_CELL: Final = (126.0, 112.0)
_LARGEST: Final = 74.0


class ForestRow(NamedTuple):
    """Figures of one lens, one per panel."""

    name: str
    style: str
    figures: tuple[Estimate, ...]


class CorrectedRow(NamedTuple):
    """Rates of one lens: as judged, by Rogan and Gladen, prediction-powered."""

    name: str
    style: str
    rates: tuple[Estimate, Estimate, Estimate]


CORRECTIONS: Final = ("as judged", "Rogan–Gladen", "prediction-powered")
"""Names of the rates of a :class:`CorrectedRow`."""


def confusion_plot(
    ident: str, title: str, counts: Confusion, sensitivity: Estimate, specificity: Estimate
) -> str:
    """Draw a two by two table whose squares have areas in proportion to the counts.

    Columns are people's verdicts, so that sensitivity stands below hits and specificity below
    misses. Where judge and people agree, squares are full; otherwise they are outlined.
    """
    left, top, (width, height) = 76.0, 44.0, _CELL
    largest = max(counts.both, counts.judge_only, counts.people_only, counts.neither, 1)
    cells = (
        (0, 0, counts.both, "agree", "hit for both"),
        (1, 0, counts.judge_only, "differ", "hit for the judge only"),
        (0, 1, counts.people_only, "differ", "hit for people only"),
        (1, 1, counts.neither, "agree", "miss for both"),
    )
    body = [text("people say", left + width, 14, class_="axis", text_anchor="middle")]
    turn = f"rotate(-90 12 {top + height:g})"
    body.append(
        text("judge says", 12, top + height, class_="axis", text_anchor="middle", transform=turn)
    )
    for index, word in enumerate(("hit", "miss")):
        body.append(text(word, left + width * (index + 0.5), 34, text_anchor="middle"))
        body.append(text(word, left - 10, top + height * (index + 0.5) + 4, text_anchor="end"))
    for column, row, count, style, what in cells:
        x, y = left + width * column, top + height * row
        side = _LARGEST * sqrt(count / largest)
        frame = element("rect", class_="frame-line", x=x, y=y, width=width, height=height)
        square = element(
            "rect",
            class_=style,
            x=x + (width - side) / 2,
            y=y + 44 - side / 2,
            width=side,
            height=side,
        )
        figures = text(f"{count:,}", x + width / 2, y + 102, class_="count", text_anchor="middle")
        body.append(element("g", tooltip(f"{what}: {count:,}") + frame + square + figures))
    bottom = top + 2 * height
    for index, (name, rate) in enumerate(
        (("sensitivity", sensitivity), ("specificity", specificity))
    ):
        middle = left + width * (index + 0.5)
        body += [
            text(line, middle, bottom + 20 + 17 * at, class_=style, text_anchor="middle")
            for at, (line, style) in enumerate(_rate_lines(name, rate))
        ]
    described = "; ".join(f"{what}: {count:,}" for _, _, count, _, what in cells)
    described += f"; sensitivity {in_words(sensitivity)}; specificity {in_words(specificity)}"
    return figure(ident, title, described, (left + 2 * width + 8, bottom + 66), body)


def forest_plot(
    ident: str,
    title: str,
    panels: Sequence[str],
    rows: Sequence[ForestRow],
    width: float,
    reference: Sequence[Estimate] = (),
) -> str:
    """Draw one panel per figure with one row per lens; side by side if there is room.

    Args:
        ident: Unique id in the page.
        title: Accessible title.
        panels: Names of the figures of every row.
        rows: Lenses, then controls.
        width: Width in CSS pixels; below 560 the panels are stacked and rows carry their figures.
        reference: Figures of all items, one per panel, drawn as a broken line.
    """
    wide = width >= 560
    left = _label_width([row.name for row in rows]) if wide else 8.0
    step, head = (30.0, 24.0) if wide else (40.0, 28.0)
    gap = 30.0
    share = (width - left - 12 - gap * (len(panels) - 1)) / len(panels) if wide else width - 24
    tall = head + step * len(rows) + 30
    body: list[str] = []
    for index, name in enumerate(panels):
        x0, y0 = (left + index * (share + gap), 0.0) if wide else (12.0, index * (tall + 14))
        estimates = [row.figures[index] for row in rows]
        x = Scale(_lowest([*estimates, *reference[index : index + 1]]), 1.0, x0, x0 + share)
        top, bottom = y0 + head, y0 + head + step * len(rows)
        body.append(text(name, x0, y0 + 12, class_="panel-name"))
        body += _grid(x, _marks(x.low), top, bottom)
        body += _reference(x, reference[index : index + 1], top, bottom)
        for at, row in enumerate(rows):
            label = (x0 - 14 if index == 0 else None) if wide else x0
            body.append(_forest_row(row, index, x, top + step * (at + 0.5), label, wide))
    described = "; ".join(
        f"{row.name}: "
        + ", ".join(
            f"{name} {in_words(each)}" for name, each in zip(panels, row.figures, strict=True)
        )
        for row in rows
    )
    height = tall if wide else (tall + 14) * len(panels) - 14
    return figure(ident, title, described, (width, height), body)


def corrected_plot(ident: str, title: str, rows: Sequence[CorrectedRow], width: float) -> str:
    """Draw three dots per lens: the rate as judged full, the corrected ones hollow.

    Args:
        ident: Unique id in the page.
        title: Accessible title.
        rows: Lenses, then controls.
        width: Width in CSS pixels; below 560 names stand above their dots.
    """
    wide = width >= 560
    left = _label_width([row.name for row in rows]) if wide else 12.0
    line, above = 17.0, 8.0 if wide else 24.0
    right, top = width - 150.0, 8.0
    step = above + 3 * line + 6
    bottom = top + step * len(rows)
    ends = [end for row in rows for each in row.rates for end in _extent(each)]
    x = Scale(0, ceiling(max(ends, default=1.0)), left, right)
    body = _grid(x, ticks(x.high, 5 if wide else 3), top, bottom)
    for index, row in enumerate(rows):
        y = top + step * index + above
        at = (x.start - 14, y + 1.5 * line + 4) if wide else (x.start, y - 6)
        body.append(_name(row.name, row.style, at, "end" if wide else "start"))
        for place, (what, rate) in enumerate(zip(CORRECTIONS, row.rates, strict=True)):
            middle = y + line * (place + 0.5)
            said = "refused" if rate.estimate is None else _short(rate)
            body.append(text(said, right + 12, middle + 4, class_="value"))
            tip = f"{row.name}, {what}: {in_words(rate)}"
            body.append(_dot(rate, x, middle, tip, row.style, _SHAPES[place]))
    described = "; ".join(
        f"{row.name}: "
        + ", ".join(f"{w} {in_words(r)}" for w, r in zip(CORRECTIONS, row.rates, strict=True))
        for row in rows
    )
    return figure(ident, title, described, (width, bottom + 28), body)


def corrected_key() -> tuple[str, ...]:
    """Return the mark of every rate of :func:`corrected_plot`, as small figures for a legend."""
    return tuple(
        element(
            "svg", shape(8, 8, "overall"), viewBox="0 0 16 16", class_="key", aria_hidden="true"
        )
        for shape in _SHAPES
    )


def _rate_lines(name: str, rate: Estimate) -> list[tuple[str, str]]:
    if rate.estimate is None:
        return [(name, "axis"), ("undefined", "value")]
    ends = "no interval" if rate.interval is None else interval(rate.interval)
    return [(name, "axis"), (number(rate.estimate), "count"), (ends, "value")]


def _forest_row(
    row: ForestRow, index: int, x: Scale, at: float, label: float | None, wide: bool
) -> str:
    estimate = row.figures[index]
    tip = f"{row.name}: {in_words(estimate)}"
    middle = at if wide else at + 9
    parts = []
    if label is not None:
        place = (label, at + 4) if wide else (label, at - 6)
        parts.append(_name(row.name, row.style, place, "end" if wide else "start"))
    if not wide:
        parts.append(text(_short(estimate), x.stop, at - 6, class_="value", text_anchor="end"))
    elif estimate.estimate is None:
        parts.append(
            text("undefined", (x.start + x.stop) / 2, at + 4, class_="value", text_anchor="middle")
        )
    parts.append(_dot(estimate, x, middle, tip, row.style, _disc))
    return element("g", "".join(parts))


def _dot(
    estimate: Estimate,
    x: Scale,
    y: float,
    tip: str,
    style: str,
    shape: Callable[[float, float, str], str],
) -> str:
    """Return the interval and the mark of an estimate; nothing if it is undefined."""
    if estimate.estimate is None:
        return ""
    whisker = ""
    if estimate.interval is not None:
        low, high = (x(max(end, x.low)) for end in estimate.interval)
        whisker = element("line", class_=f"whisker {style}", x1=low, x2=high, y1=y, y2=y)
    return element("g", tooltip(tip) + whisker + shape(x(estimate.estimate), y, style))


def _disc(x: float, y: float, style: str) -> str:
    return element("circle", class_=f"dot {style}", cx=x, cy=y, r=4.5)


def _diamond(x: float, y: float, style: str) -> str:
    corners = ((x - 5.5, y), (x, y - 5.5), (x + 5.5, y), (x, y + 5.5))
    return element("polygon", class_=f"dot hollow {style}", points=points(corners))


def _box(x: float, y: float, style: str) -> str:
    return element("rect", class_=f"dot hollow {style}", x=x - 4, y=y - 4, width=8, height=8)


_SHAPES: Final = (_disc, _diamond, _box)
"""Marks of :data:`CORRECTIONS`: the form tells them apart where the fill does not."""


def _reference(x: Scale, of_all: Sequence[Estimate], top: float, bottom: float) -> list[str]:
    return [
        element(
            "line",
            tooltip(f"all items of lenses: {in_words(each)}"),
            class_="reference",
            x1=x(each.estimate),
            x2=x(each.estimate),
            y1=top,
            y2=bottom,
        )
        for each in of_all
        if each.estimate is not None
    ]


def _grid(x: Scale, marks: Sequence[float], top: float, bottom: float) -> list[str]:
    return [
        element("line", class_="grid", x1=x(mark), x2=x(mark), y1=top, y2=bottom)
        + text(f"{mark:g}", x(mark), bottom + 18, class_="tick", text_anchor="middle")
        for mark in marks
    ]


def _marks(low: float) -> list[float]:
    """Return quarters from 0 to 1, or halves if the axis begins below 0."""
    step = 0.25 if low == 0 else 0.5
    return [low + step * index for index in range(int((1 - low) / step) + 1)]


def _lowest(estimates: Sequence[Estimate]) -> float:
    """Return where an axis up to 1 begins: 0, or a half below it that holds every end."""
    least = min((end for each in estimates for end in _extent(each)), default=0.0)
    return 0.0 if least >= 0 else max(-1.0, floor(least * 2) / 2)


def _extent(each: Estimate) -> list[float]:
    return ([] if each.estimate is None else [each.estimate]) + list(each.interval or ())


def _short(each: Estimate) -> str:
    if each.estimate is None:
        return "undefined"
    ends = "" if each.interval is None else f" {interval(each.interval)}"
    return number(each.estimate) + ends


def _name(name: str, style: str, at: tuple[float, float], anchor: str) -> str:
    shown = name if len(name) <= _NAME else name[: _NAME - 1] + "…"
    return element(
        "g", tooltip(name) + text(shown, *at, class_=f"label {style}", text_anchor=anchor)
    )


def _label_width(names: Sequence[str]) -> float:
    return min(max(map(len, names), default=0), _NAME) * 7.2 + 24
