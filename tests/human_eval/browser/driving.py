"""How the tests start a browser, press keys and read what the page exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Playwright, Request

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Watch:
    """Everything that a tab logs as an error and every address that it asks for."""

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        self.urls: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _request(self, request: Request) -> None:
        self.urls.append(request.url)


def launched(playwright: Playwright, profile: Path) -> BrowserContext:
    """Start Debian's Chromium with a profile folder and without a network."""
    return playwright.chromium.launch_persistent_context(
        profile,
        executable_path="/usr/bin/chromium",
        headless=True,
        args=list(_FLAGS),
        offline=True,
        accept_downloads=True,
        viewport={"width": 1280, "height": 800},
    )


def press(page: Page, keys: str) -> None:
    """Press keys separated by spaces, such as ``1 c Enter``."""
    for key in keys.split():
        page.keyboard.press(key)


def heading(page: Page) -> str:
    """Return the heading that is seen."""
    return page.locator("h1:visible").inner_text()


def exported(page: Page, button: str = "#export") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Export, and return the first line and the others of the file."""
    with page.expect_download() as waiting:
        page.click(button)
    text = Path(waiting.value.path()).read_text("utf-8")
    assert text.endswith("\n")
    first, *rest = (json.loads(line) for line in text.splitlines())
    assert waiting.value.suggested_filename == f"ratings-{first['annotator']}.jsonl"
    return first, rest
