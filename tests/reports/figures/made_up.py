"""Made-up figures of every kind, also with strings that are meant to break a page."""

from __future__ import annotations

from collections.abc import Mapping

from reports.figures.records import (
    Dots,
    Figure,
    HeatMap,
    Line,
    LineChart,
    Mark,
    StackedBars,
    StackPart,
)

ODD = (
    "<script>alert(1)</script>",
    "\"quoted\" & 'single'",
    "שלום עולם",
    "مرحبا 12",
    "\ufffd\ufffe\x00\x0b",
    "e\u0301\u0323\u0489 combining",
    "x" * 200,
    "日本語の名前",
    "",
)
"""Names and titles that must neither break a figure nor get lost silently."""


def mark(x: float, y: float, half: float | None = 0.03, note: str = "") -> Mark:
    """Return a mark with an interval ``half`` to either side."""
    if half is None:
        return Mark(x=x, y=y, note=note)
    return Mark(x=x, y=y, low=y - half, high=y + half, note=note)


def line(
    name: str,
    style: str,
    values: Mapping[int, float] | Mapping[float, float],
    half: float | None = 0.03,
) -> Line:
    """Return a curve from x to y."""
    return Line(name=name, style=style, marks=tuple(mark(x, y, half) for x, y in values.items()))


def chart(*lines: Line, **more: object) -> LineChart:
    """Return a line chart; ``more`` replaces its fields."""
    made = LineChart(
        name="by-layer",
        title="Rate by layer",
        x_label="visual layer",
        y_label="share of patches",
        lines=lines,
    )
    return made.model_copy(update=more)


def layers() -> LineChart:
    """Return two lenses, a control and a published curve, with hatched layers."""
    return chart(
        line("latent", "lens-0", {0: 0.5, 1: 0.6, 2: 0.7, 3: 0.6}),
        line("logit", "lens-1", {0: 0.3, 1: 0.4, 2: 0.35, 3: 0.2}),
        line("shuffled-patch:latent", "control-0", {0: 0.1, 1: 0.1, 2: 0.2, 3: 0.1}),
        line("latent (paper)", "published lens-0", {0: 0.55, 3: 0.65}, None),
        shaded=(0, 1),
    )


def heat(**more: object) -> HeatMap:
    """Return a heat map of two rows and three columns without one value."""
    made = HeatMap(
        name="leap",
        title="Source layers",
        x_label="source layer",
        y_label="visual layer",
        columns=("0", "2", "8"),
        rows=("0", "4"),
        values=((0.1, 0.35, None), (0.0, 0.25, 0.4)),
    )
    return made.model_copy(update=more)


def stack(**more: object) -> StackedBars:
    """Return shares of words for two lenses by two layers, one bar without values."""
    made = StackedBars(
        name="relations",
        title="Kinds of words",
        x_label="visual layer",
        bars=("0", "4", "0", "4"),
        groups=("latent", "latent", "logit", "logit"),
        parts=(
            StackPart(name="concrete", style="concrete", values=(0.5, 0.4, 0.1, None)),
            StackPart(name="abstract", style="abstract", values=(0.2, 0.1, 0.2, None)),
            StackPart(name="global", style="global", values=(0.1, 0.1, 0.0, None)),
            StackPart(name="none", style="none", values=(0.1, 0.2, 0.6, None)),
            StackPart(name="unscored", style="unscored", values=(0.1, 0.2, 0.1, None)),
        ),
    )
    return made.model_copy(update=more)


def dots(**more: object) -> Dots:
    """Return two lenses and a control that was not scored; the first lens has a second mark."""
    made = Dots(
        name="ranking",
        title="Mean over layers",
        x_label="share of patches",
        rows=(
            Line(
                name="latent",
                style="lens-0",
                marks=(mark(0, 0.55), mark(0, 0.68, None, "published")),
            ),
            Line(name="logit", style="lens-1", marks=(mark(0, 0.31),)),
            Line(name="random-vector", style="control-grey", marks=()),
        ),
        split=2,
    )
    return made.model_copy(update=more)


def every_kind() -> tuple[Figure, ...]:
    """Return a figure of every kind."""
    return layers(), heat(), stack(), dots()


def odd_figures(text: str) -> tuple[Figure, ...]:
    """Return a figure of every kind whose every string is ``text``."""
    said: dict[str, object] = {"title": text, "x_label": text, "y_label": text}
    known = mark(1, 0.5, note=text)
    lines = (Line(name=text, style="lens-0", marks=(known,)),)
    parts = tuple(
        StackPart(name=text, style=style, values=(0.5, None)) for style in ("concrete", "lens-1")
    )
    bars: dict[str, object] = {"bars": (text, text), "groups": (text, text), "parts": parts}
    return (
        chart(*lines, **said, shaded=(1,)),
        heat(**said, columns=(text,), rows=(text,), values=((0.5,),)),
        stack(title=text, x_label=text, **bars),
        dots(title=text, x_label=text, rows=lines),
    )
