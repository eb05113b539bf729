"""A whole study in a real browser: rated, interrupted, exported, imported and evaluated."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from sklearn.metrics import cohen_kappa_score

from harness.core.agreement import Policy
from harness.core.ratings import JudgeReply, RatingState
from human_eval.agreement import agreement
from human_eval.formats.lensbench import read_labels
from human_eval.store import STORE_FILE, Store
from human_eval.study import Study
from tests.human_eval.a_study import ANNOTATORS, a_study, written_study
from tests.human_eval.browser.driving import Watch, heading, press
from tests.human_eval.serving import links, started

pytestmark = pytest.mark.browser

ITEMS = 30
KEYS: dict[RatingState, str] = {"selected": "1 c Enter", "none": "x Enter", "cant_tell": "? Enter"}
UNDONE, RELOADED, STOPPED, RESTARTED, CALM = 5, 10, 16, 20, 24
"""Items answered before each of these things happens; from the last on, nothing is wrong."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def answer(annotator: str, number: int) -> RatingState:
    """Return what somebody says of an item: mostly the same as the others."""
    if (number + ANNOTATORS.index(annotator)) % 11 == 0:
        return "cant_tell"
    differs = (number + 5 * ANNOTATORS.index(annotator)) % 7 == 0
    return "selected" if (number % 3 == 0) != differs else "none"


def test_three_people_rate_thirty_items_each(tmp_path: Path) -> None:
    study = written_study(tmp_path / "study", a_study(items=ITEMS))
    exports = tmp_path / "exports"
    exports.mkdir()
    # In a thread of its own, because another browser may be driven in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_rated, study, tmp_path / "study", exports).result()
    _stored(study, tmp_path / "study")
    read = read_labels(study.items, study.study_id, exports)
    assert read.left_out == ()
    numbers = {item.item_id: number for number, item in enumerate(study.items)}
    found = {(rating.annotator, numbers[rating.item_id]): rating.state for rating in read.ratings}
    assert found == {
        (name, number): answer(name, number) for name in ANNOTATORS for number in range(ITEMS)
    }
    assert all(rating.seconds is not None and rating.session for rating in read.ratings)
    replies = [
        JudgeReply(
            item_id=item.item_id,
            judge="made up",
            status="ok",
            relations=("concrete" if number % 3 == 0 else "none",) * len(item.words),
        )
        for number, item in enumerate(study.items)
    ]
    result = agreement(study.items, read.ratings, {"made up": replies}, Policy())
    truth = [number % 3 == 0 for number in range(ITEMS)]
    people = [_said_by_most(number) for number in range(ITEMS)]
    assert result.cohen_kappa.estimate == pytest.approx(cohen_kappa_score(people, truth))
    assert result.cohen_kappa.interval is not None


def _said_by_most(number: int) -> bool:
    said = [answer(name, number) for name in ANNOTATORS]
    counted = [state for state in said if state != "cant_tell"]
    return 2 * counted.count("selected") >= len(counted)


def _rated(study: Study, folder: Path, exports: Path) -> None:
    """Answer all items with keys only; the server is killed in between and started again."""
    numbers = {item.item_id: number for number, item in enumerate(study.items)}
    complaints: list[int] = []
    server = started(folder)
    pages = links(server, len(ANNOTATORS))
    port = urlsplit(pages["ada"]).port or 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", headless=True, args=list(FLAGS)
        )
        try:
            tabs = {name: browser.new_context().new_page() for name in ANNOTATORS}
            watches = {name: Watch(tab) for name, tab in tabs.items()}
            for name, tab in tabs.items():
                tab.goto(pages[name])
            for turn in range(ITEMS):
                if turn == UNDONE:
                    _undone(tabs["ada"])
                if turn == RELOADED:
                    _reloaded(tabs, turn)
                if turn == STOPPED:
                    _all_saved(folder, study, turn)
                    assert [watch.errors for watch in watches.values()] == [[], [], []]
                    server.send_signal(signal.SIGKILL)
                    server.communicate()
                if turn == RESTARTED:
                    for tab in tabs.values():
                        expect(tab.locator("#notice")).to_contain_text("Not on the server yet")
                    server = started(folder, port=port)
                    links(server, len(ANNOTATORS))
                if turn == CALM:
                    complaints = [len(watch.errors) for watch in watches.values()]
                for name, tab in tabs.items():
                    item = study.assignments[name][turn]
                    assert heading(tab) == f"Item {turn + 1} of {ITEMS}"
                    press(tab, KEYS[answer(name, numbers[item])])
            for name, tab in tabs.items():
                expect(tab.locator("#finish-text")).to_contain_text("All answers are on the server")
                assert heading(tab).startswith(f"All {ITEMS} items are answered")
                _exported(tab, f"{pages[name]}/export.jsonl", exports / f"{name}.jsonl")
            _quiet(watches.values(), complaints, port)
        finally:
            browser.close()
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=30)


def _undone(tab: Page) -> None:
    press(tab, "u")
    assert heading(tab) == f"Item {UNDONE} of {ITEMS}"
    press(tab, "Enter")
    assert heading(tab) == f"Item {UNDONE + 1} of {ITEMS}"


def _reloaded(tabs: dict[str, Page], turn: int) -> None:
    for tab in tabs.values():
        tab.reload()
        expect(tab.locator("#count")).to_contain_text(f"{turn} of {ITEMS} answered")


def _all_saved(folder: Path, study: Study, turn: int) -> None:
    """Wait until the store has every answer so far, as the last ones may be on their way."""
    with Store(folder / STORE_FILE, study) as store:
        expected = dict.fromkeys(ANNOTATORS, turn)
        for _ in range(1000):
            if Counter(rating.annotator for rating in store.ratings()) == expected:
                return
            time.sleep(0.01)
        pytest.fail("not all answers came to the server")


def _exported(tab: Page, link: str, to: Path) -> None:
    with tab.expect_download() as waiting:
        tab.evaluate("link => { location.href = link }", link)
    assert waiting.value.suggested_filename == f"ratings-{to.stem}.jsonl"
    waiting.value.save_as(to)


def _quiet(watches: Iterable[Watch], complaints: list[int], port: int) -> None:
    """Only the planned outage is complained of, and nothing but the server is asked."""
    home = (f"http://127.0.0.1:{port}/", "data:", "blob:")
    for watch, count in zip(watches, complaints, strict=True):
        # Connections are refused, or were open when the server was killed; it answered nothing bad.
        lost = [error for error in watch.errors if "Failed to load resource: net::ERR_" in error]
        assert watch.errors == lost
        assert len(watch.errors) == count > 0
        assert [url for url in watch.urls if not url.startswith(home)] == []


def _stored(study: Study, folder: Path) -> None:
    """Check that the store has everything too, with what was taken back."""
    with Store(folder / STORE_FILE, study) as store:
        assert len(store.ratings()) == ITEMS * len(ANNOTATORS)
        taken = [event.annotator for event in store.history() if event.state == "withdrawn"]
    assert taken == ["ada"]
