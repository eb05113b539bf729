"""Templates and assets of the pages; everything that is filled in is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.core.records import LensKind
from reports.ranking import MATCHED_CONTROL

WIDE: Final = 860.0
"""Width of a figure on a desktop page, in CSS pixels."""

NARROW: Final = 340.0
"""Width of a figure on a phone, in CSS pixels."""

_TEMPLATES: Final = Path(__file__).parent / "templates"
_STYLES: Final = 6


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the environment of all templates; ``rate`` and ``chance`` show a figure or a dash.

    ``chance`` is for p-values; ``figure`` trusts SVG.
    """
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["rate"] = lambda value: "–" if value is None else f"{value:.3f}"
    made.filters["chance"] = _chance
    made.filters["figure"] = Markup
    return made


def _chance(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def asset(name: str) -> str:
    """Return the text of a style sheet or script."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def lens_styles(kinds: Mapping[str, LensKind]) -> dict[str, str]:
    """Return lens name to style class: a colour per lens, dashes for controls.

    A matched control has the colour of its lens; the other controls are grey.
    """
    lenses = [name for name, kind in kinds.items() if kind == "lens"]
    styles = {name: f"lens-{i % _STYLES}" for i, name in enumerate(lenses)}
    for name, kind in kinds.items():
        if kind == "control":
            matched = styles.get(name.removeprefix(MATCHED_CONTROL), "grey")
            styles[name] = "control-" + matched.removeprefix("lens-")
    return styles
