"""The explorer on a phone, in the dark, on paper, without judges, and with several models."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from reports.explorer import ExplorerSource
from tests.reports.browser.explorer_pages import (
    cell,
    choose,
    fragment,
    opened,
    place,
    position,
    settled,
    step,
    violations,
    written_page,
)
from tests.reports.explorer.made import explorer_source

pytestmark = pytest.mark.browser

AXE = Path(str(files("axe_playwright_python") / "axe.min.js"))
LONG = "W" * 120


@pytest.fixture(scope="module")
def long_words(source: ExplorerSource, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with words, reasons and a name of a picture that cannot be broken between words."""
    columns = {**source.descriptions}
    longer = [word in ("wheel", "roof") for word in columns["word"]]
    columns["word"] = [LONG if x else word for x, word in zip(longer, columns["word"], strict=True)]
    columns["context"] = [text.replace("roof", LONG) for text in columns["context"]]
    columns["end"] = [
        end + len(LONG) - 4 if text.endswith(LONG) else end
        for end, text in zip(columns["end"], columns["context"], strict=True)
    ]
    made = replace(
        source,
        descriptions=columns,
        pictures=[replace(each, source=LONG) for each in source.pictures],
        reasons={judge: dict.fromkeys(given, LONG * 3) for judge, given in source.reasons.items()},
    )
    return written_page(tmp_path_factory.mktemp("long") / "page.html", [made])


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(page: Page, long_words: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    opened(page, long_words)
    page.locator(".x-reasons summary").first.click()
    choose(page, "lens", "lenses and controls")
    choose(page, "show", "misses (failures)")
    choose(page, "order", "random")
    for _ in range(6):
        for whole in (True, False):
            page.locator("#x-all").set_checked(whole)
            settled(page)
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        step(page)
    picture = page.locator("#x-frame").bounding_box()
    panel = page.locator("#x-panel").bounding_box()
    assert picture is not None
    assert panel is not None
    assert (panel["y"] > picture["y"] + picture["height"]) == (width < 700)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(
    page: Page, explorer_file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    opened(page, explorer_file, "#explorer&lens=all&any=1&show=misses")
    for whole in (True, False):
        page.locator("#x-all").set_checked(whole)
        settled(page)
        assert violations(page, AXE) == []
    page.locator(".x-reasons summary").first.click()
    page.locator("#x-panel .x-word").first.click()
    settled(page)
    assert violations(page, AXE) == []


def test_a_tap_chooses_a_cell(browser: BrowserContext, page: Page, explorer_file: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, explorer_file)
    session = browser.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    box = cell(page, 4, 4).bounding_box()
    assert box is not None
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("#x-panel h3")).to_contain_text("row 4, column 4")
    expect(page.locator("#x-panel h3")).to_contain_text("pinned")


def test_dark_pages_have_dark_paper_and_the_same_picture(page: Page, explorer_file: Path) -> None:
    page.emulate_media(color_scheme="dark")
    opened(page, explorer_file)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(21, 23, 26)"
    word = page.locator(".x-word").first
    assert word.evaluate("node => getComputedStyle(node).color") != "rgb(29, 31, 33)"


def test_paper_gets_the_chosen_patch_alone(page: Page, explorer_file: Path) -> None:
    opened(page, explorer_file)
    page.emulate_media(media="print")
    for hidden in ("form.x-filters", "#x-layer", "#x-note"):
        expect(page.locator(hidden).first).to_be_hidden()
    for seen in ("#x-picture", "#x-region", "#x-panel h3", "#x-layer-name"):
        expect(page.locator(seen)).to_be_visible()


def test_a_link_is_copied_or_shown(
    browser: BrowserContext, page: Page, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    cell(page, 3, 4).click()
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(Error('no')); }")
    page.click("#x-copy")
    link = page.locator("#x-link-text")
    expect(link).to_be_visible()
    assert "cell=3,4" in link.input_value()
    page.reload()
    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, explorer_file, "#explorer&cell=2,5")
    page.click("#x-copy")
    expect(page.locator("#x-note")).to_have_text("Link copied.")
    assert "cell=2,5" in page.evaluate("navigator.clipboard.readText()")
    expect(link).to_be_hidden()


def test_without_judges_there_is_nothing_to_filter_by(page: Page, tmp_path: Path) -> None:
    opened(page, written_page(tmp_path / "page.html", [explorer_source(judges=0)]))
    for hidden in ("#x-show", "#x-judge", "#x-relations", "#x-book"):
        expect(page.locator(hidden)).to_be_hidden()
    assert position(page) == "patch 1 of 12"
    assert page.locator("#x-panel .x-verdict, #x-panel .none, #x-panel .unscored").count() == 0
    assert page.locator("#x-grid [class*='score-']").count() > 100
    said = fragment(opened(page, tmp_path / "page.html", "#explorer&show=misses&shade=verdict"))
    assert (said["show"], said["shade"]) == ("all", "score")


def test_another_model_shows_the_same_cell(page: Page, tmp_path: Path) -> None:
    sources = [
        explorer_source(model="first", seed=1),
        explorer_source(model="second", seed=2, layers=(0, 4)),
    ]
    opened(page, written_page(tmp_path / "page.html", sources), "#explorer&model=first&layer=4")
    page.select_option("#x-image", index=1)
    cell(settled(page), 5, 6).click()
    settled(page)
    before = page.locator("#x-panel").inner_text()
    choose(page, "book", "second")
    expect(page.locator("#x-source")).to_contain_text("scene:1")
    assert place(page) == "row 5, column 6"
    expect(page.locator("#x-layer-name")).to_have_text("layer 4, same vector as layer 0")
    assert page.locator("#x-panel").inner_text() != before
    assert fragment(page)["model"] == "second"


def test_cells_outside_the_picture_are_not_drawn(page: Page, tmp_path: Path) -> None:
    made = explorer_source(images=1, rows=6, cols=5, padded=True)
    opened(page, written_page(tmp_path / "page.html", [made]))
    assert page.locator("#x-grid [data-cell]").count() == 20
    page.locator("#x-grid [tabindex='0']").focus()
    for _ in range(7):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    assert place(settled(page)) == "row 4, column 3"
    assert position(page) == "4 patches"
    for name in ("previous", "next"):
        assert page.locator(f"#x-image-{name}").get_attribute("aria-disabled") == "true"


def test_many_answers_and_reasons_keep_their_numbers(page: Page, tmp_path: Path) -> None:
    made = explorer_source(images=12, rows=4, cols=4, grid=False)
    board = made.boards[2]
    reasons = made.reasons[board.judge]
    assert sum(map(len, made.reasons.values())) > 300
    last = max(i for i in range(48) if board.question("latent", 0, i) in reasons)
    patch = board.patches[last]
    written_page(tmp_path / "page.html", [made])
    address = f"#explorer&image={patch.image_id[:16]}&cell={patch.row},{patch.col}"
    opened(page, tmp_path / "page.html", address)
    block = page.locator('.x-lens[data-lens="latent"]')
    block.locator("summary").click()
    assert patch.patch_id in block.inner_text()
    assert block.locator(".x-reasons p").last.inner_text().startswith(f"{board.judge}: ")


def test_words_that_are_not_there(page: Page, tmp_path: Path) -> None:
    made = explorer_source(images=1, rows=4, cols=4, grid=False, per_image=2)
    opened(page, written_page(tmp_path / "page.html", [made]))
    cell(page, 3, 0).click()
    expect(page.locator("#x-panel h3")).to_contain_text("No lens was asked")
    assert page.locator(".x-lens").count() == 0
    assert position(settled(page)) == "2 patches"
    page.click("#x-previous")
    assert position(settled(page)) == "patch 2 of 2"


def test_a_broken_part_is_told(page: Page, source: ExplorerSource, tmp_path: Path) -> None:
    path = written_page(tmp_path / "page.html", [replace(source, grid=None)])
    text = path.read_text("utf-8")
    start = text.index('id="x-chunk-1">') + len('id="x-chunk-1">')
    path.write_text(text[:start] + "AAAA" + text[start + 4 :], "utf-8")
    page.goto(path.as_uri())
    expect(page.locator("#x-note")).to_contain_text("cannot be read")
