"""The three figures of a report: layer curves, ranked dots and the heat map of source layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.drawing import Scale, ceiling, element, figure, number, points, spread, text, ticks
from reports.drawing import titled as tooltip


@dataclass(frozen=True, slots=True)
class Point:
    """An estimate with its interval; ``low`` and ``high`` are None where there is none."""

    x: float
    estimate: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        """Return the figures as a reader sees them."""
        if self.low is None or self.high is None:
            return f"{self.estimate:.3f}"
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Series:
    """One lens or control, with the style class that gives colour and dash."""

    name: str
    style: str
    points: tuple[Point, ...]


def line_chart(ident: str, title: str, series: Sequence[Series], width: float) -> str:
    """Draw rate by layer, with interval bands and names at the line ends.

    Args:
        ident: Unique id in the page.
        title: Accessible title.
        series: Lenses and controls; ``Point.x`` is the layer. Bands are drawn for the style
            classes ``lens-*`` only, so that controls stay in the background.
        width: Width in CSS pixels at which the text is as large as body text.
    """
    wide = width >= 560
    height = 380.0 if wide else 300.0
    margin = max((len(each.name) for each in series), default=0) * 6.6 + 20 if wide else 12.0
    left, right, top, bottom = 44.0, width - margin, 14.0, height - 40.0
    layers = sorted({point.x for each in series for point in each.points})
    tops = [p.high if p.high is not None else p.estimate for s in series for p in s.points]
    x = Scale(layers[0] if layers else 0, layers[-1] if layers else 1, left, right)
    y = Scale(0, ceiling(max(tops, default=1.0)), bottom, top)
    body = [*_rate_grid(y, left, right), *_layer_axis(layers, x, bottom, (left + right) / 2)]
    body += [_band(each, x, y) for each in series if each.style.startswith("lens-")]
    body += [_curve(each, x, y) for each in reversed(series)]
    if wide:
        ends = [each for each in series if each.points]
        placed = spread([y(each.points[-1].estimate) for each in ends], 15.0, top, bottom)
        body += [
            text(each.name, right + 10, at + 4, class_=f"label {each.style}")
            for each, at in zip(ends, placed, strict=True)
        ]
    description = "; ".join(
        f"{each.name}: " + ", ".join(f"layer {number(p.x)} {p}" for p in each.points)
        for each in series
    )
    return figure(ident, title, description, (width, height), body)


def dot_plot(
    ident: str, title: str, series: Sequence[Series], width: float, split: int | None = None
) -> str:
    """Draw one row per lens: estimate and interval; rows from ``split`` on are set apart.

    Args:
        ident: Unique id in the page.
        title: Accessible title.
        series: One point each, best first.
        width: Width in CSS pixels.
        split: Index of the first control row, or None.
    """
    wide = width >= 560
    step = 30.0 if wide else 44.0
    left = max((len(each.name) for each in series), default=0) * 7.2 + 24 if wide else 12.0
    right, top = width - (148.0 if wide else 16.0), 8.0
    rows = [top + step * (i + 0.5) + _gap(i, split) for i in range(len(series))]
    bottom = (rows[-1] if rows else top) + step / 2
    highest = [p.high if p.high is not None else p.estimate for s in series for p in s.points]
    x = Scale(0, ceiling(max(highest, default=1.0)), left, right)
    body = [
        element("line", class_="grid", x1=x(tick), x2=x(tick), y1=top, y2=bottom)
        + text(f"{tick:g}", x(tick), bottom + 18, class_="tick", text_anchor="middle")
        for tick in ticks(x.high, 5)
    ]
    if split is not None and 0 < split < len(series):
        rule = (rows[split - 1] + rows[split]) / 2
        body.append(element("line", class_="rule", x1=0, x2=width, y1=rule, y2=rule))
    for each, at in zip(series, rows, strict=True):
        body.append(_dot_row(each, x, at, wide))
    description = "; ".join(f"{s.name}: {p}" for s in series for p in s.points)
    return figure(ident, title, description, (width, bottom + 28), body)


def heat_map(
    ident: str,
    title: str,
    axes: tuple[Sequence[int], Sequence[int]],
    shares: Sequence[Sequence[float]],
    width: float,
) -> str:
    """Draw shares by visual layer (upwards) and source layer, darker for more, with figures.

    Args:
        ident: Unique id in the page.
        title: Accessible title.
        axes: Visual layers (rows, lowest at the bottom) and source layers (columns).
        shares: Row by row, each summing to 1.
        width: Width in CSS pixels.
    """
    visual, sources = axes
    left, top = 52.0, 8.0
    cell = min(64.0, (width - left - 8) / max(len(sources), 1))
    row = min(34.0, max(22.0, cell))
    bottom = top + row * len(visual)
    body: list[str] = []
    for i, layer in enumerate(visual):
        at = bottom - row * (i + 1)
        body.append(text(f"{layer}", left - 8, at + row / 2 + 4, class_="tick", text_anchor="end"))
        for j, share in enumerate(shares[i]):
            body.append(_heat_cell((left + cell * j, at, cell, row), share, (layer, sources[j])))
    for j, source in enumerate(sources):
        middle = left + cell * (j + 0.5)
        body.append(text(f"{source}", middle, bottom + 17, class_="tick", text_anchor="middle"))
    centre = left + cell * len(sources) / 2
    body.append(text("source layer", centre, bottom + 36, class_="axis", text_anchor="middle"))
    turn = f"rotate(-90 14 {number((top + bottom) / 2)})"
    body.append(
        text(
            "visual layer",
            14,
            (top + bottom) / 2,
            class_="axis",
            text_anchor="middle",
            transform=turn,
        )
    )
    description = "; ".join(
        f"visual layer {layer}: "
        + ", ".join(f"{source} {share:.2f}" for source, share in zip(sources, line, strict=True))
        for layer, line in zip(visual, shares, strict=True)
    )
    return figure(ident, title, description, (left + cell * len(sources) + 8, bottom + 44), body)


def _rate_grid(y: Scale, left: float, right: float) -> list[str]:
    return [
        element("line", class_="grid", x1=left, x2=right, y1=y(tick), y2=y(tick))
        + text(f"{tick:g}", left - 8, y(tick) + 4, class_="tick", text_anchor="end")
        for tick in ticks(y.high, 5)
    ]


def _layer_axis(layers: Sequence[float], x: Scale, bottom: float, centre: float) -> list[str]:
    parts = [text("visual layer", centre, bottom + 36, class_="axis", text_anchor="middle")]
    last = float("-inf")
    for layer in layers:
        # Marks closer than a number is wide would run into each other.
        if x(layer) - last >= 20:
            last = x(layer)
            parts.append(
                text(number(layer), last, bottom + 18, class_="tick", text_anchor="middle")
            )
    return parts


def _band(series: Series, x: Scale, y: Scale) -> str:
    known = [p for p in series.points if p.low is not None and p.high is not None]
    if not known:
        return ""
    outline = [(x(p.x), y(p.high or 0.0)) for p in known]
    outline += [(x(p.x), y(p.low or 0.0)) for p in reversed(known)]
    return element("polygon", class_=f"band {series.style}", points=points(outline))


def _curve(series: Series, x: Scale, y: Scale) -> str:
    if not series.points:
        return ""
    line = element(
        "polyline",
        class_=f"line {series.style}",
        points=points((x(p.x), y(p.estimate)) for p in series.points),
    )
    marks = "".join(
        element(
            "circle",
            tooltip(f"{series.name}, layer {number(p.x)}: {p}"),
            class_=f"mark {series.style}",
            cx=x(p.x),
            cy=y(p.estimate),
            r=3.2 if series.style.startswith("lens-") else 2.2,
        )
        for p in series.points
    )
    return element("g", line + marks)


def _dot_row(series: Series, x: Scale, at: float, wide: bool) -> str:
    point = series.points[0] if series.points else None
    label = str(point) if point else "not scored"
    name_at, value_at = (x.start - 12, x.stop + 12) if wide else (x.start, x.stop)
    above = at + 4 if wide else at - 10
    parts = [
        text(
            series.name,
            name_at,
            above,
            class_=f"label {series.style}",
            text_anchor="end" if wide else "start",
        ),
        text(label, value_at, above, class_="value", text_anchor="start" if wide else "end"),
    ]
    if point:
        middle = at if wide else at + 6
        if point.low is not None and point.high is not None:
            parts.append(
                element(
                    "line",
                    class_=f"whisker {series.style}",
                    x1=x(point.low),
                    x2=x(point.high),
                    y1=middle,
                    y2=middle,
                )
            )
        parts.append(
            element(
                "circle",
                tooltip(f"{series.name}: {label}"),
                class_=f"mark {series.style}",
                cx=x(point.estimate),
                cy=middle,
                r=5,
            )
        )
    return element("g", "".join(parts))


def _gap(index: int, split: int | None) -> float:
    return 14.0 if split is not None and 0 < split <= index else 0.0


def _heat_cell(
    box: tuple[float, float, float, float], share: float, layers: tuple[int, int]
) -> str:
    x, y, width, height = box
    tip = f"visual layer {layers[0]}, source layer {layers[1]}: {share:.3f}"
    square = element(
        "rect",
        tooltip(tip),
        class_="heat",
        x=x + 0.5,
        y=y + 0.5,
        width=width - 1,
        height=height - 1,
        fill_opacity=f"{min(1.0, share**0.7):.3f}",
    )
    if width < 26:
        return square
    shade = "heat-dark" if share > 0.75 else "heat-light"
    return square + text(
        f"{share * 100:.0f}",
        x + width / 2,
        y + height / 2 + 4,
        class_=f"heat-figure {shade}",
        text_anchor="middle",
    )
