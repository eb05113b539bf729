"""The page for every screen, reader and eye, and words that try to be more than words."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from human_eval.static_site import write_static
from human_eval.study import PICTURES
from tests.human_eval.a_study import a_study, written_study
from tests.human_eval.browser.driving import exported, heading, press

pytestmark = pytest.mark.browser

HOSTILE = (
    "</script><script>window.broken = 1</script>",
    '<img src=x onerror="window.broken = 2">',
    "a\u202eb",
    "\u200b",
    "   ",
    "👩🏽‍🚀",
    "שלום עולם",
    "W" * 120,
)
SEEN = [HOSTILE[0], HOSTILE[1], "a\\u202eb", "👩🏽\\u200d🚀", "שלום עולם", "W" * 120]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages with hostile words, and with hostile sentences."""
    folder = tmp_path_factory.mktemp("hostile")
    sentences = tuple(f"before{word} ⟦{word}⟧ {word}after" for word in HOSTILE)
    for name, words in (("words", HOSTILE), ("sentences", sentences)):
        study = a_study(2, words=[words], sentences=name == "sentences")
        written_study(folder / name, study)
        write_static(folder / f"{name}-site", study, folder / name / PICTURES)
    return folder


def test_words_are_inert(page: Page, hostile: Path) -> None:
    page.goto((hostile / "words-site/ada.html").as_uri())
    assert page.locator(".word legend").all_inner_texts() == SEEN
    press(page, "1 c Enter")
    assert page.evaluate("window.broken") is None
    assert page.locator("script").count() == 2
    line = exported(page)[1][0]
    assert line["relations"] == ["concrete", *["none"] * 7]


def test_sentences_are_inert_and_only_the_word_is_marked(page: Page, hostile: Path) -> None:
    page.goto((hostile / "sentences-site/ada.html").as_uri())
    assert page.locator(".word mark").all_inner_texts() == SEEN
    assert page.locator(".word legend").first.inner_text().startswith(f"before{HOSTILE[0]} ")
    assert page.evaluate("window.broken") is None


@pytest.mark.parametrize("width", [320, 390, 768, 900, 1280])
@pytest.mark.parametrize("kind", ["words", "sentences"])
def test_nothing_scrolls_sideways(page: Page, hostile: Path, kind: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto((hostile / f"{kind}-site/ada.html").as_uri())
    for keys in ("", "1 c", "x Enter", "Enter", "x Enter"):
        press(page, keys)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1280])
def test_what_is_pressed_is_large_enough_for_a_thumb(page: Page, site: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto((site / "ada.html").as_uri())
    controls = page.locator("button:visible, main input:visible, summary:visible").all()
    assert len(controls) > 15
    for control in controls:
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44, control.inner_text()
        assert box["width"] >= 44, control.inner_text()


def test_on_a_phone_what_ends_an_item_is_always_in_reach(page: Page, site: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((site / "ada.html").as_uri())
    for keys in ("x Enter", "5 c"):  # from the top, and scrolled to the last of five words
        press(page, keys)
        tops = []
        for selector in ("#none", "#cant-tell", "#undo", "#save"):
            box = page.locator(selector).bounding_box()
            assert box is not None
            assert 0 < box["y"] <= 844 - 44
            tops.append(box["y"])
        word = page.locator(".word.current").bounding_box()
        assert word is not None
        assert word["y"] >= 0
        assert word["y"] + word["height"] <= min(tops)


def test_a_screen_reader_gets_landmarks_groups_and_names(page: Page, site: Path) -> None:
    page.goto((site / "ada.html").as_uri())
    press(page, "h 1 c")
    expect(page.locator("body")).to_match_aria_snapshot(
        """
        - banner:
          - paragraph:
            - strong: ada
          - progressbar "Items answered"
          - status: 0 of 6 answered
          - button "Help"
          - button "Export answers"
        - main:
          - region "Pictures":
            - figure:
              - button "Enlarge the picture"
            - figure /Close-up of the red box/:
              - button "Enlarge the close-up"
          - form "Item 1 of 6":
            - heading "Item 1 of 6" [level=1]
            - paragraph: How does each word relate to the red box?
            - group "dog shown 2 times":
              - radio "Concrete" [checked]
              - radio "Abstract"
              - radio "Global"
              - radio "None"
            - group "puppy":
              - radio "Concrete"
              - radio "Abstract"
              - radio "Global"
              - radio "None"
            - group "animal"
            - group "leash"
            - group "Or, for all words together":
              - checkbox "None of them"
              - checkbox "Can’t tell"
            - paragraph: 1 word chosen. 3 left untouched count as none.
            - button "Undo" [disabled]
            - button "Previous item" [disabled]
            - button "Next item"
            - button "Save and next"
            - alert
            - status: "dog: concrete. 1 word chosen. 3 left untouched count as none."
        - contentinfo:
          - group: What the relations mean, and the keys
        """
    )


def test_the_focus_goes_where_the_work_is(page: Page, site: Path) -> None:
    page.goto((site / "ada.html").as_uri())
    press(page, "2")
    expect(page.get_by_role("group", name="puppy")).to_be_focused()
    press(page, "c Enter")
    expect(page.get_by_role("heading", name="Item 2 of 6")).to_be_focused()
    ring = page.locator("#heading").evaluate("one => getComputedStyle(one).outlineStyle")
    assert ring == "solid"
    press(page, "Tab Tab Shift+Tab")
    expect(page.locator(".word.current input").first).to_be_focused()
    press(page, "h h")  # it is open at the first visit
    expect(page.locator("#help summary")).to_be_focused()
    expect(page.get_by_role("heading", name="What is asked")).to_be_in_viewport()


def test_everything_can_be_done_with_tab_space_and_enter(page: Page, site: Path) -> None:
    page.goto((site / "ada.html").as_uri())
    page.get_by_label("Use these keys").uncheck()
    page.locator("#heading").focus()
    press(page, "Tab ArrowDown Tab Tab Tab Tab")  # through four words to the first box
    expect(page.get_by_role("checkbox", name="None of them")).to_be_focused()
    press(page, "Space Tab Tab")
    expect(page.get_by_role("button", name="Next item")).to_be_focused()
    press(page, "Tab Enter")
    assert [line["state"] for line in exported(page)[1]] == ["none"]


def test_pictures_are_enlarged_by_key_and_by_mouse(page: Page, site: Path) -> None:
    page.goto((site / "ada.html").as_uri())
    small = page.locator("#boxed-image").bounding_box()
    dialog = page.get_by_role("dialog", name="Enlarged picture")
    press(page, "z")
    expect(dialog.get_by_alt_text("Picture with the red box")).to_be_visible()
    large = page.locator("#zoom-image").bounding_box()
    assert small is not None
    assert large is not None
    assert large["width"] > 1.5 * small["width"]
    press(page, "+")
    scaled = page.locator("#zoom-image").bounding_box()
    assert scaled is not None
    assert scaled["width"] == pytest.approx(1.5 * large["width"], abs=2)
    press(page, "- x Enter")  # nothing is answered behind the picture
    press(page, "z")
    expect(dialog.get_by_alt_text("Close-up of the red box")).to_be_visible()
    press(page, "z")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Enlarge the close-up").click()
    expect(dialog.get_by_alt_text("Close-up of the red box")).to_be_visible()
    press(page, "Escape")
    expect(dialog).to_be_hidden()
    assert heading(page) == "Item 1 of 6"
    assert exported(page)[0]["ratings"] == 0


def test_dark_and_light_follow_the_reader(page: Page, site: Path) -> None:
    page.goto((site / "ada.html").as_uri())
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert found == ["rgb(253, 253, 251)", "rgb(21, 23, 26)"]
    page.emulate_media(color_scheme="light")


def test_nothing_moves(page: Page, site: Path) -> None:
    page.goto((site / "ada.html").as_uri())
    press(page, "1 c z")
    assert page.evaluate("document.getAnimations().length") == 0
