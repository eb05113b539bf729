"""Pages with the explorer alone, as strict about what may load as a report is."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup
from playwright.sync_api import Locator, Page, expect

from reports.explorer import ExplorerSource, build_explorer
from reports.explorer_page import explorer_script, explorer_style
from reports.html import embedded_json
from reports.outcomes import Outcomes
from reports.templating import asset, environment

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="color-scheme" content="light dark">
<title>explorer</title>
<style>{{ css }}</style>
</head>
<body>
<header><h1>A report</h1></header>
<main>
<div id="before"></div>
{% include "explorer.html.j2" %}
</main>
<script>{{ script }}</script>
</body>
</html>
"""


def written_page(path: Path, sources: Sequence[ExplorerSource], budget: int = 12_500_000) -> Path:
    """Write a page with the explorer of ``sources`` and return its path."""
    made = build_explorer(sources, budget)
    script = explorer_script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = (
        environment()
        .from_string(_PAGE)
        .render(
            explorer=made,
            explorer_index=Markup(embedded_json(made.index)),
            css=Markup(asset("report.css") + explorer_style()),
            script=Markup(script),
            policy=(
                "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
                f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
            ),
        )
    )
    path.write_text(text, encoding="utf-8", errors="strict")
    return path


def opened(page: Page, path: Path, address: str = "") -> Page:
    """Open a page of the explorer and wait until it shows a cell."""
    page.goto("about:blank")
    page.goto(path.as_uri() + address)
    expect(page.locator("#x-panel h3")).to_be_visible()
    return settled(page)


def settled(page: Page) -> Page:
    """Wait until the explorer has nothing left to do."""
    expect(page.locator("#x-app")).to_have_attribute("aria-busy", "false")
    return page


def choose(page: Page, field: str, label: str) -> None:
    """Choose an option of one of the explorer's fields."""
    page.select_option(f"#x-{field}", label=label)
    settled(page)


def cell(page: Page, row: int, col: int) -> Locator:
    """Return the grid cell at a place."""
    return page.locator(f'#x-grid [data-cell="{row},{col}"]')


def place(page: Page) -> str:
    """Return the place that the panel is about, such as ``row 3, column 4``."""
    found: str = page.locator("#x-panel h3").evaluate("node => node.firstChild.data.trim()")
    return found


def shown_words(page: Page, lens: str) -> list[str]:
    """Return the words that the panel shows of one lens."""
    return page.locator(f'.x-lens[data-lens="{lens}"] .x-word').all_text_contents()


def step(page: Page, button: str = "next") -> Page:
    """Press a button that may say that it leads nowhere, as a reader would."""
    page.locator(f"#x-{button}").click(force=True)
    return settled(page)


def position(page: Page) -> str:
    """Return where in the list of patches the page is."""
    return page.locator("#x-position").inner_text()


def fragment(page: Page) -> dict[str, str]:
    """Return what the address says, after the time the page takes to write it."""
    page.wait_for_timeout(500)
    text: str = page.evaluate("decodeURIComponent(location.hash)")
    assert text.startswith("#explorer&")
    return dict(part.split("=", 1) for part in text.removeprefix("#explorer&").split("&"))


def hits(board: Outcomes, lens: str, layer: int) -> list[float]:
    """Return hit 1, miss 0 or NaN of every patch."""
    return [each.hit("interpretable") for each in board.cells[lens, layer]]


def violations(page: Page, axe: Path, part: str = "html") -> list[dict[str, Any]]:
    """Return what axe-core finds serious in a part of the page that is shown."""
    page.evaluate(axe.read_text("utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "part => axe.run(part, {resultTypes: ['violations']}).then(found => found.violations)",
        part,
    )
    return [each for each in found if each["impact"] in ("serious", "critical")]
