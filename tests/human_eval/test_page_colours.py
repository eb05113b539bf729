"""Contrast of the annotation page's colours, computed as WCAG 2.2 defines it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import human_eval

CSS = (Path(human_eval.__file__).parent / "page/page.css").read_text("utf-8")
TEXT = 4.5
SHAPE = 3.0


def palettes() -> dict[str, dict[str, str]]:
    """Return the light and the dark palette, variable to colour."""
    light, dark = re.findall(r":root \{(.*?)\}", CSS, flags=re.DOTALL)
    found = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in (light, dark)]
    return {"light": found[0], "dark": found[0] | found[1]}


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_what_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "paper", TEXT),
        ("ink", "faint", TEXT),
        ("ink", "warn", TEXT),
        ("soft", "paper", TEXT),
        ("soft", "faint", TEXT),
        ("alarm", "paper", TEXT),
        ("on-accent", "accent", TEXT),
        ("ink", "concrete", TEXT),
        ("ink", "abstract", TEXT),
        ("ink", "global", TEXT),
        ("ink", "none", TEXT),
        ("edge", "paper", SHAPE),
        ("edge", "faint", SHAPE),
        ("accent", "paper", SHAPE),
        ("accent", "faint", SHAPE),
        ("concrete-edge", "paper", SHAPE),
        ("abstract-edge", "paper", SHAPE),
        ("global-edge", "paper", SHAPE),
        ("none-edge", "paper", SHAPE),
        ("concrete-edge", "faint", SHAPE),
        ("abstract-edge", "faint", SHAPE),
        ("global-edge", "faint", SHAPE),
        ("none-edge", "faint", SHAPE),
    ],
)
def test_colours_can_be_told_apart(scheme: str, front: str, back: str, least: float) -> None:
    palette = palettes()[scheme]
    assert contrast(palette[front], palette[back]) >= least


def test_every_colour_is_one_of_the_palette_and_both_palettes_have_it() -> None:
    light, dark = re.findall(r":root \{(.*?)\}", CSS, flags=re.DOTALL)
    names = [set(re.findall(r"--([\w-]+):", block)) for block in (light, dark)]
    assert names[0] == names[1]
    rest = re.sub(r":root \{.*?\}", "", CSS, flags=re.DOTALL)
    assert not re.search(r"#[0-9a-f]{3,8}\b(?=[;, ])|rgb\(|hsl\(", rest)
    assert set(re.findall(r"var\(--([\w-]+)\)", rest)) - {"fill", "mark"} <= names[0]


def test_nothing_is_animated() -> None:
    assert not re.search(r"transition|animation|@keyframes|scroll-behavior", CSS)
