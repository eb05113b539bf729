"""The page on the disk, without a network: answered by keyboard, kept, taken back, exported."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from harness.core.ratings import Rating
from tests.human_eval.a_study import a_study
from tests.human_eval.browser.driving import Watch, exported, heading, launched, press

pytestmark = pytest.mark.browser

STUDY = a_study()
ORDER = STUDY.assignments["ada"]
WORDS = {item.item_id: item.words for item in STUDY.items}


def test_a_study_is_answered_by_keyboard_alone_with_the_browser_closed_in_the_middle(
    driver: Playwright, site: Path, tmp_path: Path
) -> None:
    address = (site / "ada.html").as_uri()
    first = launched(driver, tmp_path / "profile")
    page = first.new_page()
    watch = Watch(page)
    page.goto(address)
    press(page, "1 c 3 a Enter")  # dog (twice) concrete, animal abstract
    press(page, "x Enter")
    press(page, "ArrowDown ArrowDown g Enter")
    expect(page.locator("#count")).to_contain_text("3 of 6 answered")
    press(page, "2 a")  # begun, not saved
    first.close()

    again = launched(driver, tmp_path / "profile")
    page = again.new_page()
    later = Watch(page)
    page.goto(address)
    assert heading(page) == "Item 4 of 6"
    expect(page.locator("#summary")).to_have_text("1 word chosen. 4 left untouched count as none.")
    press(page, "Enter ? Enter")
    press(page, "n ArrowDown Space Space Enter")
    assert heading(page) == "All 6 items are answered. Thank you."
    head, lines = exported(page, "#finish-export")
    again.close()
    none = ["none"] * 5
    assert head == {
        "format": "lensbench-ratings",
        "version": 1,
        "study": STUDY.study_id,
        "annotator": "ada",
        "ratings": 6,
    }
    assert [line["item_id"] for line in lines] == list(ORDER)
    assert [(line["state"], line["relations"]) for line in lines] == [
        ("selected", ["concrete", "none", "abstract", "concrete", "none"]),
        ("none", none),
        # "wall" stands for the last four of five words, so going down twice comes back to the top.
        ("selected", ["global", "none", "none", "none", "none"]),
        ("selected", ["none", "abstract", "none", "none", "none"]),
        ("cant_tell", []),
        ("selected", ["none", "abstract", "none", "none", "none"]),
    ]
    for line in lines:
        rating = Rating.model_validate(line)
        assert rating.annotator == "ada"
        assert rating.seconds is not None
        assert rating.at.endswith("Z")
    assert len({line["session"] for line in lines}) == 1
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert watch.errors + later.errors == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in watch.urls + later.urls)


def test_an_undecided_item_is_refused(page: Page, site: Path) -> None:
    page.goto((site / "ada.html").as_uri())
    for keys in ("Enter", "1 n Enter"):  # nothing; one word none and the others untouched
        press(page, keys)
        expect(page.get_by_role("alert")).to_contain_text("Not saved yet")
        assert heading(page) == "Item 1 of 6"
    assert exported(page)[0]["ratings"] == 0
    press(page, "2 n 3 n 4 n Enter")  # each of them none, said one by one
    assert heading(page) == "Item 2 of 6"
    assert exported(page)[1][0]["state"] == "none"


def test_saved_answers_are_taken_back_last_first(page: Page, site: Path) -> None:
    page.goto((site / "ada.html").as_uri())
    press(page, "1 c Enter x Enter ? Enter")
    press(page, "ArrowLeft ArrowLeft Backspace")
    assert heading(page) == "Item 3 of 6"
    expect(page.locator("#cant-tell")).to_be_checked()  # to be changed, not to be done again
    press(page, "u")
    assert heading(page) == "Item 2 of 6"
    page.reload()
    assert heading(page) == "Item 2 of 6"
    expect(page.locator("#none")).to_be_checked()
    assert [line["item_id"] for line in exported(page)[1]] == [ORDER[0]]
    press(page, "u u u")
    assert exported(page)[0]["ratings"] == 0


def test_an_answer_for_all_words_and_for_single_words_exclude_each_other(
    page: Page, site: Path
) -> None:
    page.goto((site / "ada.html").as_uri())
    press(page, "1 c 0")
    expect(page.get_by_role("radio", name="Concrete").first).not_to_be_checked()
    press(page, "?")
    expect(page.locator("#none")).not_to_be_checked()
    press(page, "?")  # taken back: the words chosen before are there again
    expect(page.get_by_role("radio", name="Concrete").first).to_be_checked()
    press(page, "x 2 g")
    expect(page.locator("#none")).not_to_be_checked()
    press(page, "Enter")
    line = exported(page)[1][0]
    assert (line["state"], line["relations"]) == ("selected", ["none", "global", *["none"] * 3])


def test_neighbours_are_looked_at_without_answering_and_skipped_ones_come_back(
    page: Page, site: Path
) -> None:
    page.goto((site / "ada.html").as_uri())
    press(page, "ArrowLeft")
    assert heading(page) == "Item 1 of 6"
    press(page, "ArrowRight ArrowRight x Enter")
    press(page, "x Enter x Enter x Enter")
    assert heading(page) == "Item 1 of 6"
    press(page, "ArrowRight ArrowRight")
    expect(page.locator("#summary")).to_have_text("None of them fits. Saved.")
    before = exported(page)[1]
    press(page, "Enter")
    assert heading(page) == "Item 1 of 6"
    assert exported(page)[1] == before


def test_a_mouse_alone_is_enough(page: Page, site: Path) -> None:
    page.goto((site / "ben.html").as_uri())
    page.get_by_role("radio", name="Abstract").nth(1).click()
    page.get_by_role("button", name="Save and next").click()
    page.get_by_role("checkbox", name="None of them").click()
    page.keyboard.press("Enter")  # the box keeps the focus and must not be unticked by this
    assert heading(page) == "Item 3 of 6"
    page.get_by_role("button", name="Undo").click()
    assert heading(page) == "Item 2 of 6"
    assert [line["state"] for line in exported(page)[1]] == ["selected"]


def test_keys_can_be_switched_off(page: Page, site: Path) -> None:
    page.goto((site / "ada.html").as_uri())
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("radio", name="Concrete").first.focus()
    press(page, "x u n ArrowRight")
    expect(page.get_by_role("radio", name="Abstract").first).to_be_checked()
    press(page, "Enter")
    page.reload()
    assert heading(page) == "Item 2 of 6"
    expect(page.get_by_label("Use these keys")).not_to_be_checked()
    assert exported(page)[1][0]["relations"][0] == "abstract"


def test_two_tabs_of_one_person_lose_nothing(page: Page, site: Path) -> None:
    page.goto((site / "ada.html").as_uri())
    other = page.context.new_page()
    other.goto((site / "ada.html").as_uri())
    press(page, "x Enter")
    expect(other.locator("#count")).to_contain_text("1 of 6 answered")
    press(other, "ArrowRight ? Enter")
    press(page, "ArrowRight c Enter")
    assert [line["state"] for line in exported(page)[1]] == ["none", "cant_tell", "selected"]
    other.close()


def test_people_of_one_browser_do_not_see_each_other(page: Page, site: Path) -> None:
    page.goto((site / "ada.html").as_uri())
    press(page, "x Enter")
    page.goto((site / "ben.html").as_uri())
    assert heading(page) == "Item 1 of 6"
    assert exported(page)[0]["ratings"] == 0


def test_a_browser_that_keeps_nothing_says_so_and_still_exports(page: Page, site: Path) -> None:
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }"
    )
    page.goto((site / "cyd.html").as_uri())
    expect(page.locator("#notice")).to_contain_text("This browser keeps nothing")
    press(page, "x Enter")
    assert heading(page) == "Item 2 of 6"
    assert [line["state"] for line in exported(page)[1]] == ["none"]


def test_time_runs_only_while_somebody_is_there(page: Page, site: Path) -> None:
    page.clock.install()
    page.goto((site / "ada.html").as_uri())
    page.clock.run_for(10_000)
    press(page, "1")
    page.clock.run_for(3_600_000)  # away: two minutes of it count
    press(page, "c")
    page.clock.run_for(5_000)
    hide(page, True)
    page.clock.run_for(60_000)
    hide(page, False)
    page.clock.run_for(1_000)
    press(page, "Enter")
    seconds = exported(page)[1][0]["seconds"]
    assert seconds == pytest.approx(10 + 120 + 5 + 1, abs=1)


def test_time_is_kept_over_a_reload(page: Page, site: Path) -> None:
    page.clock.install()
    page.goto((site / "ada.html").as_uri())
    page.clock.run_for(20_000)
    press(page, "1 c")
    page.reload()
    page.clock.run_for(10_000)
    press(page, "Enter")
    assert exported(page)[1][0]["seconds"] == pytest.approx(30, abs=1)


def test_minutes_left_follow_the_times(page: Page, site: Path) -> None:
    page.clock.install()
    page.goto((site / "ada.html").as_uri())
    for _ in range(3):
        page.clock.run_for(60_000)
        press(page, "x Enter")
    expect(page.locator("#count")).to_have_text("3 of 6 answered · about 3 min left")


def hide(page: Page, hidden: bool) -> None:
    page.evaluate(
        """hidden => {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
