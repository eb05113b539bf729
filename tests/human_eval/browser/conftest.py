"""A real Chromium that can reach nothing but the pages of a study on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from human_eval.static_site import write_static
from human_eval.study import PICTURES
from tests.human_eval.a_study import written_study
from tests.human_eval.browser.driving import Watch


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the static pages of the small study."""
    folder = tmp_path_factory.mktemp("study")
    study = written_study(folder)
    write_static(folder / "site", study, folder / PICTURES)
    return folder / "site"


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    """An empty tab; the test fails if the page logs an error or asks anything of a network."""
    tab = browser.new_page()
    watch = Watch(tab)
    yield tab
    if tab.url.startswith("file:"):
        tab.evaluate("localStorage.clear()")
    tab.close()
    assert watch.errors == []
    assert [url for url in watch.urls if not url.startswith(("file:", "data:", "blob:"))] == []
