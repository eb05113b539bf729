from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from reports.figures.palette import DARK, LIGHT, SERIES, colour_name
from reports.templating import asset

THEMES: Final = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
VISIONS: Final = {
    "full": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def _linear(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _gamma(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = np.clip(linear, 0, 1)
    return np.where(kept <= 0.0031308, 12.92 * kept, 1.055 * kept ** (1 / 2.4) - 0.055)


def _luminance(rgb: NDArray[np.float64]) -> float:
    return float(_linear(rgb) @ np.array([0.2126, 0.7152, 0.0722]))


def _contrast(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def _distance(first: str, second: str) -> float:
    """Return the least CIEDE2000 difference that any of the visions sees."""
    return min(_seen_distance(first, second, matrix) for matrix in VISIONS.values())


def _seen_distance(first: str, second: str, matrix: NDArray[np.float64]) -> float:
    seen = [rgb2lab(_gamma(matrix @ _linear(_rgb(c)))[None]) for c in (first, second)]
    return float(deltaE_ciede2000(*seen)[0])  # type: ignore[no-untyped-call]


def test_the_measure_sees_what_colour_blind_readers_do() -> None:
    olive, orange = "#789000", "#b07000"
    assert _distance(olive, olive) == 0
    assert _distance(olive, orange) < 10 < _seen_distance(olive, orange, VISIONS["full"])


@THEMES
def test_colours_of_lenses_can_be_told_apart_with_any_vision(theme: Mapping[str, str]) -> None:
    close = {
        (first, second): round(_distance(theme[first], theme[second]), 1)
        for first, second in combinations(SERIES, 2)
    }
    assert min(gap for pair, gap in close.items() if "grey" not in pair) >= 13, close
    assert min(close.values()) >= 11, close


@THEMES
def test_lines_and_their_names_stand_out_from_the_paper(theme: Mapping[str, str]) -> None:
    paper = _rgb(theme["paper"])
    for name in (*SERIES, "ink", "soft"):
        assert _contrast(_rgb(theme[name]), paper) >= 4.5, name
    for name in ("heat", "heat-low"):
        assert _contrast(_rgb(theme[name]), paper) >= 3, name


@THEMES
def test_figures_can_be_read_on_every_shade_of_a_heat_map(theme: Mapping[str, str]) -> None:
    paper, ink = _rgb(theme["paper"]), _rgb(theme["ink"])
    for name in ("heat", "heat-low"):
        for strength in np.linspace(0, 1, 21):
            shade = paper + strength * (_rgb(theme[name]) - paper)
            assert _contrast(ink, shade) >= 4.5, (name, strength)


@THEMES
@pytest.mark.parametrize("name", ["heat", "heat-low"])
def test_shades_grow_evenly_for_every_vision(theme: Mapping[str, str], name: str) -> None:
    paper, full = _rgb(theme["paper"]), _rgb(theme[name])
    for matrix in VISIONS.values():
        lightness = [
            float(rgb2lab(_gamma(matrix @ _linear(paper + s * (full - paper)))[None])[0, 0])
            for s in np.linspace(0, 1, 11)
        ]
        steps = np.diff(lightness)
        assert (np.abs(steps) > 1).all() and len(set(np.sign(steps))) == 1


@THEMES
def test_the_two_ends_of_a_diverging_map_can_be_told_apart(theme: Mapping[str, str]) -> None:
    assert _distance(theme["heat"], theme["heat-low"]) >= 20


@THEMES
def test_words_of_different_relations_can_be_told_apart(theme: Mapping[str, str]) -> None:
    names = ("concrete", "abstract", "global", "paper")
    for first, second in combinations(names, 2):
        assert _distance(theme[first], theme[second]) >= 9, (first, second)
    for name in names:
        assert _contrast(_rgb(theme[name]), _rgb(theme["ink"])) >= 7
        assert _contrast(_rgb(theme[name]), _rgb(theme["soft"])) >= 4.5


@THEMES
def test_bars_of_different_relations_can_be_told_apart(theme: Mapping[str, str]) -> None:
    sheet = asset("figures.css")
    fills = {
        name: theme[re.findall(rf"\.solid\.{name} {{ fill: var\(--([a-z0-9]+)\)", sheet)[0]]
        for name in ("concrete", "abstract", "global", "none")
    }
    for first, second in combinations(fills, 2):
        assert _distance(fills[first], fills[second]) >= 13, (first, second)


def _declared(sheet: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})\b", sheet))


def test_the_page_and_the_files_have_the_same_colours() -> None:
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    for name in ("report.css", "figures.css"):
        roots = re.findall(r"([^{}]*)\{\s*:root \{([^}]*)\}|:root \{([^}]*)\}", asset(name))
        for condition, inside, plain in roots:
            if plain:
                light |= _declared(plain)
            elif "prefers-color-scheme: dark" in condition:
                dark |= _declared(inside)
    assert {name: light.get(name) for name in LIGHT} == dict(LIGHT)
    assert {name: dark.get(name) for name in DARK} == dict(DARK)
    assert LIGHT.keys() == DARK.keys()


@pytest.mark.parametrize(
    ("style", "name"),
    [
        ("lens-0", "s0"),
        ("control-5", "s5"),
        ("control-grey", "grey"),
        ("published lens-2", "ink"),
        ("lens-9", "ink"),
        ("overall", "ink"),
    ],
)
def test_the_colour_of_a_style_class(style: str, name: str) -> None:
    assert colour_name(style) == name
