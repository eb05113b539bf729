"""The page with a server that fails, refuses and comes back: nothing answered is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from harness.core.ratings import Rating
from human_eval.payload import page_payload, render_page
from tests.human_eval.a_study import a_study, pictures
from tests.human_eval.browser.driving import Watch, exported, heading, press

pytestmark = pytest.mark.browser

HOME = "http://annotation.test"
STUDY = a_study()
ORDER = STUDY.assignments["ada"]


class FakeServer:
    """Answers for the server, as the test tells it to."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.saved: tuple[Rating, ...] = ()
        self.mode = "works"
        self.refused = ""
        png = pictures(STUDY)
        self.files = {f"{name}-boxed.png": pair[0] for name, pair in png.items()}
        self.files |= {f"{name}-crop.png": pair[1] for name, pair in png.items()}

    def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(HOME)
        if path == "/a/ada":
            payload = page_payload(
                STUDY,
                "ada",
                mode="server",
                pictures="/pictures/",
                save="/a/ada/ratings",
                saved=self.saved,
            )
            route.fulfill(body=render_page(payload), content_type="text/html; charset=utf-8")
        elif path.startswith("/pictures/"):
            route.fulfill(body=self.files[path.removeprefix("/pictures/")])
        elif self.mode == "down":
            route.abort("connectionrefused")
        elif self.mode == "broken":
            route.fulfill(status=500, body="disk is full")
        else:
            self._store(route)

    def _store(self, route: Route) -> None:
        assert route.request.url == f"{HOME}/a/ada/ratings"
        assert route.request.headers["content-type"] == "application/json"
        event = json.loads(route.request.post_data or "")
        if event["item_id"] == self.refused:
            route.fulfill(status=400, body="relations: wrong number")
            return
        self.events.append(event)
        route.fulfill(status=204)

    def states(self) -> list[tuple[int, str]]:
        return [(ORDER.index(event["item_id"]), event["state"]) for event in self.events]


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def tab(browser: BrowserContext, server: FakeServer) -> Iterator[Page]:
    """A tab on the page of ada; errors are allowed only where a request was made to fail."""
    page = browser.new_page()
    watch = Watch(page)
    page.route(f"{HOME}/**", server.answer)
    page.clock.install()
    page.goto(f"{HOME}/a/ada")
    yield page
    page.evaluate("localStorage.clear()")
    page.close()
    assert [text for text in watch.errors if "Failed to load resource" not in text] == []
    assert all(url.startswith((f"{HOME}/", "data:", "blob:")) for url in watch.urls)


def waited(page: Page, server: FakeServer, events: int, refused: int = 0) -> None:
    """Let the page's clock run until the server has so many events and the page knows it."""
    for _ in range(400):
        if len(server.events) >= events and len(unsent(page)) == refused:
            return
        page.clock.run_for(1_000)
        page.wait_for_timeout(5)
    pytest.fail(f"{len(server.events)} events came, expected {events}; unsent: {unsent(page)}")


def unsent(page: Page) -> list[str]:
    """Return what the browser still keeps for the server."""
    found: list[str] = page.evaluate(
        """Object.keys(localStorage).filter(key => key.includes(":answer:"))"""
    )
    return found


def test_every_answer_is_posted_at_once_and_undo_withdraws(tab: Page, server: FakeServer) -> None:
    press(tab, "1 c Enter")
    waited(tab, server, 1)
    assert set(server.events[0]) == {"item_id", "state", "relations", "seconds", "at", "session"}
    assert server.events[0]["relations"] == ["concrete", "none", "none", "concrete", "none"]
    press(tab, "u")
    waited(tab, server, 2)
    press(tab, "x Enter")
    waited(tab, server, 3)
    assert server.states() == [(0, "selected"), (0, "withdrawn"), (0, "none")]
    assert server.events[1]["relations"] == []


@pytest.mark.parametrize("mode", ["down", "broken"])
def test_an_outage_loses_nothing(tab: Page, server: FakeServer, mode: str) -> None:
    press(tab, "x Enter")
    waited(tab, server, 1)
    server.mode = mode
    press(tab, "? Enter 1 g Enter")
    notice = tab.locator("#notice")
    expect(notice).to_contain_text("Not on the server yet: 2 answers, kept in this browser")
    assert [line["state"] for line in exported(tab)[1]] == ["none", "cant_tell", "selected"]
    server.mode = "works"
    waited(tab, server, 3)
    expect(notice).not_to_contain_text("Not on the server")
    assert server.states() == [(0, "none"), (1, "cant_tell"), (2, "selected")]


def test_what_was_not_sent_is_sent_when_the_page_is_opened_again(
    tab: Page, server: FakeServer
) -> None:
    server.mode = "down"
    press(tab, "x Enter ? Enter u u")
    press(tab, "1 a Enter")
    expect(tab.locator("#notice")).to_contain_text("Not on the server yet")
    tab.reload()
    assert heading(tab) == "Item 2 of 6"
    expect(tab.locator("#cant-tell")).to_be_checked()
    server.mode = "works"
    waited(tab, server, 2)
    assert sorted(server.states()) == [(0, "selected"), (1, "withdrawn")]


def test_a_refused_answer_does_not_hold_up_the_others(tab: Page, server: FakeServer) -> None:
    server.refused = ORDER[0]
    press(tab, "x Enter x Enter x Enter")
    waited(tab, server, 2, refused=1)
    assert server.states() == [(1, "none"), (2, "none")]
    expect(tab.locator("#notice")).to_contain_text("relations: wrong number")
    assert exported(tab)[0]["ratings"] == 3


def test_somebody_goes_on_where_the_server_knows_they_were(tab: Page, server: FakeServer) -> None:
    common = {"annotator": "ada", "at": "2026-01-01T00:00:00.000Z"}
    server.saved = (
        Rating(item_id=ORDER[0], state="none", relations=("none",) * 5, seconds=4, **common),
        Rating(item_id=ORDER[1], state="cant_tell", **common),
    )
    tab.reload()
    assert heading(tab) == "Item 3 of 6"
    lines = exported(tab)[1]
    assert [line["state"] for line in lines] == ["none", "cant_tell"]
    assert lines[0]["seconds"] == 4
    press(tab, "u")
    assert heading(tab) == "Item 2 of 6"
    waited(tab, server, 1)
    assert server.states() == [(1, "withdrawn")]


def test_the_end_says_whether_all_is_there(tab: Page, server: FakeServer) -> None:
    for _ in range(5):
        press(tab, "x Enter")
    waited(tab, server, 5)
    server.mode = "down"
    press(tab, "x Enter")
    expect(tab.locator("#finish-text")).to_contain_text("leave this page open")
    server.mode = "works"
    waited(tab, server, 6)
    expect(tab.locator("#finish-text")).to_contain_text("All answers are on the server")


def test_a_browser_that_keeps_nothing_still_sends_everything(tab: Page, server: FakeServer) -> None:
    tab.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full'); }")
    tab.reload()
    server.mode = "down"
    press(tab, "1 c ArrowRight ArrowLeft Enter x Enter")
    expect(tab.locator("#notice")).to_contain_text("kept only as long as this page is open")
    server.mode = "works"
    waited(tab, server, 2)
    assert server.states() == [(0, "selected"), (1, "none")]
