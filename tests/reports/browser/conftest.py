"""A real Chromium that can reach nothing but pages of the explorer on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright

from reports.explorer import ExplorerSource
from tests.human_eval.browser.driving import Watch, launched
from tests.reports.browser.explorer_pages import written_page
from tests.reports.explorer.made import explorer_source


@pytest.fixture(scope="session")
def context(
    driver: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """A browser without a network, for all tests that do not close it."""
    found = launched(driver, tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """An empty tab; the test fails if the page logs an error or asks anything of a network."""
    tab = context.new_page()
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
