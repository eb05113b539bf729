"""The script and style sheet of the explorer, which the page of a report embeds."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from reports.templating import asset

SCRIPTS: Final = (
    "explorer_dom.js",
    "explorer_data.js",
    "explorer_list.js",
    "explorer_address.js",
    "explorer_picture.js",
    "explorer_panel.js",
    "explorer_controls.js",
    "explorer_wiring.js",
    "explorer.js",
)
"""Parts of the script; later ones use what earlier ones define."""


@lru_cache(maxsize=1)
def explorer_script() -> str:
    """Return the whole script: all parts in one function, so that nothing becomes global."""
    parts = "\n".join(map(asset, SCRIPTS))
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


def explorer_style() -> str:
    """Return the style sheet; it uses the custom properties of ``report.css``."""
    return asset("explorer.css")
