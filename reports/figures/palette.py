"""Colours of all figures, light and dark, chosen so that colour-blind readers can tell them apart.

``report.css`` and ``figures.css`` have the same values. The six colours of lenses and the grey of
controls were found by a random search that kept hues in order, text contrast at 4.5 or more
against the paper, and made the least CIEDE2000 difference of any two as large as it could, for
full colour vision and for protanopia, deuteranopia and tritanopia as simulated by Machado,
Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation of Color Vision
Deficiency", severity 1.0. Heat maps go from the paper's colour to the strongest tint on which the
ink of the figures inside still has a contrast of 4.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LIGHT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "paper": "#fdfdfb",
        "ink": "#1d1f21",
        "soft": "#5a6068",
        "line": "#dcdfe3",
        "faint": "#f1f2f0",
        "s0": "#0072cc",
        "s1": "#c64d00",
        "s2": "#1c6350",
        "s3": "#8d4886",
        "s4": "#4d3a00",
        "s5": "#3c1074",
        "grey": "#70757b",
        "concrete": "#a7edca",
        "abstract": "#d1dcf7",
        "global": "#f8dea1",
        "heat": "#008edb",
        "heat-low": "#d66823",
    }
)
"""Name of the custom property to its colour, in the light theme and in files."""

DARK: Final[Mapping[str, str]] = MappingProxyType(
    {
        "paper": "#15171a",
        "ink": "#e8e9ea",
        "soft": "#a5abb3",
        "line": "#363b41",
        "faint": "#1f2226",
        "s0": "#2b99f5",
        "s1": "#e39c62",
        "s2": "#9cf0cf",
        "s3": "#ea4588",
        "s4": "#fde94a",
        "s5": "#d3ccff",
        "grey": "#949ca4",
        "concrete": "#17402e",
        "abstract": "#3e3d52",
        "global": "#4b3a02",
        "heat": "#006ca9",
        "heat-low": "#ac4900",
    }
)
"""The same names in the dark theme."""

SERIES: Final = ("s0", "s1", "s2", "s3", "s4", "s5", "grey")
"""Colours that can meet in one figure."""


def colour_name(style: str) -> str:
    """Return the name of the colour that a style class gives to ``--c``: ``s2`` for ``lens-2``.

    Classes that are not of a lens or control have the ink's.
    """
    kind, _, number = style.rpartition("-")
    name = "grey" if number == "grey" else f"s{number}"
    return name if kind in ("lens", "control") and name in SERIES else "ink"
