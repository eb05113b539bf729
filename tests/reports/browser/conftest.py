"""A real Chromium that can reach nothing but pages of the explorer on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from reports.explorer import ExplorerSource
from tests.human_eval.browser.driving import Watch
from tests.reports.browser.explorer_pages import written_page
from tests.reports.explorer.made import explorer_source


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    """An empty tab; the test fails if the page logs an error or asks anything of a network."""
    tab = browser.new_page()
    watch = Watch(tab)
    yield tab
    tab.close()
    assert watch.errors == []
    assert [url for url in watch.urls if not url.startswith(("file:", "data:"))] == []


@pytest.fixture(scope="session")
def source() -> ExplorerSource:
    """A made-up run of three images with two judges and their panel."""
    return explorer_source()


@pytest.fixture(scope="session")
def explorer_file(source: ExplorerSource, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page that holds the explorer of that run and nothing else."""
    return written_page(tmp_path_factory.mktemp("explorer") / "page.html", [source])
