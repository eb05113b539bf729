"""The explorer of patches in a real browser, against what the boards hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Page, expect

from reports.explorer import ExplorerSource
from reports.outcomes import Outcomes
from tests.human_eval.browser.driving import press
from tests.reports.browser.explorer_pages import (
    cell,
    choose,
    fragment,
    hits,
    opened,
    place,
    position,
    settled,
    shown_words,
    step,
)

pytestmark = pytest.mark.browser

Fits: TypeAlias = Callable[[ExplorerSource, Outcomes, int, int], bool]


def _said(board: Outcomes, lens: str, layer: int, patch: int) -> list[str]:
    words = board.cells[lens, layer][patch].words
    return ["␣" if not word.strip() else _whole(word) for word in words]


def _whole(text: str) -> str:
    """Replace halves of surrogate pairs, which no page can show."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _seen(words: list[str]) -> list[str]:
    return [word.replace("blank word", "") for word in words]


def _under(source: ExplorerSource) -> list[str]:
    return [name for name, kind in source.kinds.items() if kind == "lens"]


def _votes(source: ExplorerSource, board: Outcomes, patch: int, layer: int) -> list[float]:
    return [hits(board, lens, layer)[patch] for lens in _under(source)]


FILTERS: dict[str, Fits] = {
    "hits": lambda s, b, p, y: 1.0 in _votes(s, b, p, y),
    "misses (failures)": lambda s, b, p, y: 0.0 in _votes(s, b, p, y),
    "unscored": lambda s, b, p, y: any(vote != vote for vote in _votes(s, b, p, y)),
    "lenses disagree": lambda s, b, p, y: {0.0, 1.0} <= set(_votes(s, b, p, y)),
    "judges disagree": lambda s, b, p, y: any(
        {0.0, 1.0} <= {hits(board, lens, y)[p] for board in s.boards} for lens in _under(s)
    ),
    "controls called related": lambda s, b, p, y: any(
        hits(b, lens, y)[p] == 1.0 for lens, kind in s.kinds.items() if kind == "control"
    ),
}


def test_it_opens_on_the_first_patch(
    page: Page, source: ExplorerSource, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    assert place(page) == "row 0, column 0"
    assert position(page) == "patch 1 of 12"
    assert page.locator("#x-grid [data-cell]").count() == 144
    assert page.locator("#x-grid .judged").count() == 4
    assert page.locator("#x-grid [tabindex='0']").count() == 1
    for lens in _under(source):
        assert _seen(shown_words(page, lens)) == _said(source.boards[0], lens, 0, 0)
    assert "#" not in page.url


def test_nothing_is_read_before_it_is_near(page: Page, explorer_file: Path) -> None:
    text = explorer_file.read_text("utf-8").replace(
        '<div id="before">', '<div id="before" style="height: 9000px">'
    )
    tall = explorer_file.with_name("tall.html")
    tall.write_text(text, "utf-8")
    page.goto(tall.as_uri())
    page.wait_for_timeout(300)
    assert page.locator("#x-panel h3").count() == 0
    page.locator("#explorer").scroll_into_view_if_needed()
    expect(page.locator("#x-panel h3")).to_be_visible()


def test_pointing_shows_a_cell_and_a_click_keeps_it(
    page: Page, source: ExplorerSource, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    cell(page, 1, 1).hover()
    settled(page)
    assert place(page) == "row 1, column 1"
    assert _seen(shown_words(page, "latent")) == _said(source.boards[0], "latent", 0, 1)
    cell(page, 3, 2).hover()
    settled(page)
    assert place(page) == "row 3, column 2"
    expect(page.locator("#x-panel h3")).to_contain_text("No judge was asked")
    cell(page, 2, 2).click()
    settled(page)
    cell(page, 7, 7).hover()
    settled(page)
    assert place(page) == "row 2, column 2"
    assert page.evaluate("document.activeElement.dataset.cell") == "2,2"
    expect(page.locator("#x-panel h3")).to_contain_text("pinned")
    page.keyboard.press("Escape")
    cell(page, 7, 8).hover()
    settled(page)
    assert place(page) == "row 7, column 8"
    assert page.evaluate("document.activeElement.dataset.cell") == "7,8"


def test_the_box_is_the_region_and_the_picture_keeps_its_shape(
    page: Page, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    frame = page.locator("#x-frame").bounding_box()
    assert frame is not None
    assert frame["width"] == pytest.approx(frame["height"], abs=0.5)
    for row, col, shares in (
        (5, 5, (4 / 12, 4 / 12, 3 / 12, 3 / 12)),
        (0, 11, (10 / 12, 0, 2 / 12, 2 / 12)),
    ):
        cell(page, row, col).click()
        settled(page)
        box = page.locator("#x-region").bounding_box()
        assert box is not None
        found = (
            (box["x"] - frame["x"]) / frame["width"],
            (box["y"] - frame["y"]) / frame["height"],
            box["width"] / frame["width"],
            box["height"] / frame["height"],
        )
        assert found == pytest.approx(shares, abs=0.004)
        chosen = page.locator("#x-grid [aria-selected='true']")
        assert chosen.get_attribute("data-cell") == f"{row},{col}"


def test_keys_move_everything(page: Page, explorer_file: Path) -> None:
    opened(page, explorer_file)
    page.locator("#x-grid [tabindex='0']").focus()
    press(page, "ArrowRight ArrowDown ArrowDown ArrowLeft ArrowLeft ArrowUp")
    settled(page)
    assert place(page) == "row 1, column 0"
    assert page.evaluate("document.activeElement.dataset.cell") == "1,0"
    press(page, "End")
    settled(page)
    assert place(page) == "row 1, column 11"
    press(page, "PageDown")
    expect(page.locator("#x-source")).to_contain_text("scene:1")
    assert place(settled(page)) == "row 0, column 0"
    press(page, "+ ] - +")
    expect(page.locator("#x-layer-name")).to_have_text("layer 4")
    press(page, "n n Enter")
    settled(page)
    assert position(page) == "patch 7 of 12"
    expect(page.locator("#x-panel h3")).to_contain_text("pinned")
    press(page, "Escape PageUp")
    expect(page.locator("#x-source")).to_contain_text("scene:0 <i>")
    assert page.evaluate("document.activeElement.dataset.cell") == "0,0"


def test_a_pointer_that_rests_does_not_choose(page: Page, explorer_file: Path) -> None:
    opened(page, explorer_file)
    cell(page, 7, 7).hover()
    page.locator("#x-grid [tabindex='0']").focus()
    page.keyboard.press("PageDown")
    expect(page.locator("#x-source")).to_contain_text("scene:1")
    page.wait_for_timeout(200)
    assert place(settled(page)) == "row 0, column 0"


def test_tab_reaches_the_grid_once(page: Page, explorer_file: Path) -> None:
    opened(page, explorer_file)
    stops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.dataset.cell ?? ''"))
    assert len([stop for stop in stops if stop]) <= 2
    assert "0,0" in stops


def test_the_slider_names_the_layer(
    page: Page, source: ExplorerSource, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    slider = page.locator("#x-layer")
    slider.focus()
    press(page, "ArrowRight")
    settled(page)
    expect(page.locator("#x-layer-name")).to_have_text("layer 1, same vector as layer 0")
    assert slider.get_attribute("aria-valuetext") == "layer 1, same vector as layer 0"
    press(page, "End")
    settled(page)
    expect(page.locator("#x-layer-name")).to_have_text("layer 8")
    assert _seen(shown_words(page, "logit")) == _said(source.boards[0], "logit", 8, 0)


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("judge", [0, 1])
def test_filters_find_what_the_boards_hold(
    page: Page, source: ExplorerSource, explorer_file: Path, name: str, judge: int
) -> None:
    opened(page, explorer_file)
    board = source.boards[judge]
    page.select_option("#x-judge", label=board.judge)
    choose(page, "show", name)
    patches = range(len(board.patches))
    for wanted, layers in ((0, [0]), (2, [4])):
        page.locator("#x-layer").fill(str(wanted))
        settled(page)
        fit = [p for p in patches if any(FILTERS[name](source, board, p, y) for y in layers)]
        assert _counted(position(page)) == len(fit)
    choose(page, "any", "any layer")
    fit = [p for p in patches if any(FILTERS[name](source, board, p, y) for y in board.layers)]
    assert _counted(position(page)) == len(fit)


def _counted(text: str) -> int:
    return 0 if text == "no such patch" else int(re.findall(r"\d+", text)[-1])


def test_filters_can_be_about_one_lens(
    page: Page, source: ExplorerSource, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    choose(page, "lens", "random-reference")
    choose(page, "show", "misses (failures)")
    board = source.boards[0]
    expected = [i for i, hit in enumerate(hits(board, "random-reference", 0)) if hit == 0.0]
    assert _counted(position(page)) == len(expected)
    found = []
    for _ in expected:
        found.append((fragment(page)["image"], place(page)))
        step(page)
    patches = [board.patches[i] for i in expected]
    assert found == [(p.image_id[:16], f"row {p.row}, column {p.col}") for p in patches]
    assert page.locator("#x-next").get_attribute("aria-disabled") == "true"
    assert page.locator(".x-lens").count() == 1


def test_a_step_goes_to_a_layer_that_fits(
    page: Page, source: ExplorerSource, explorer_file: Path
) -> None:
    board = source.boards[0]
    fit = [
        (i, patch)
        for i, patch in enumerate(board.patches)
        if any(hits(board, "latent", layer)[i] == 1.0 for layer in board.layers)
    ]
    layers = set()
    opened(page, explorer_file, "#explorer&lens=latent&show=hits&any=1&cell=11,11")
    for i, patch in fit:
        step(page)
        assert place(page) == f"row {patch.row}, column {patch.col}"
        layer = int(page.locator("#x-layer-name").inner_text().split()[1].strip(","))
        assert hits(board, "latent", layer)[i] == 1.0
        layers.add(layer)
    assert len(layers) > 1


def test_a_filter_on_controls_shows_them(page: Page, explorer_file: Path) -> None:
    opened(page, explorer_file)
    assert page.locator(".x-lens[data-lens='random-reference']").count() == 0
    choose(page, "show", "controls called related")
    names = [each.get_attribute("data-lens") for each in page.locator(".x-lens").all()]
    assert names == ["latent", "logit", "shuffled-patch:latent", "random-reference"]


def test_judges_differ_and_their_reasons_are_shown(
    page: Page, source: ExplorerSource, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    place_of = next(
        (p, y)
        for y in source.boards[0].layers
        for p in range(12)
        if {board.cells["latent", y][p].hit("interpretable") for board in source.boards[1:]}
        == {0.0, 1.0}
        and all(
            source.boards[0].question("latent", y, p) in source.reasons[board.judge]
            for board in source.boards[1:]
        )
    )
    patch = source.boards[0].patches[place_of[0]]
    address = f"#explorer&image={patch.image_id[:16]}&cell={patch.row},{patch.col}"
    opened(page, explorer_file, f"{address}&layer={place_of[1]}")
    block = page.locator('.x-lens[data-lens="latent"]')
    said = block.locator(".x-verdicts li").all_inner_texts()
    names = ["miss", "hit"]
    for text, board in zip(said[1:], source.boards[1:], strict=True):
        hit = board.cells["latent", place_of[1]][place_of[0]].hit("interpretable")
        assert text.split()[1:] == [names[int(hit)], board.judge]
    assert said[0].startswith("? unscored: no majority")
    block.locator("summary").click()
    question = source.boards[0].question("latent", place_of[1], place_of[0])
    for board in source.boards[1:]:
        assert source.reasons[board.judge][question].splitlines()[0][:40] in block.inner_text()
    for board in source.boards:
        page.select_option("#x-judge", label=board.judge)
        settled(page)
        given = board.cells["latent", place_of[1]][place_of[0]].relations
        classes = [
            (each.get_attribute("class") or "").split()[-1]
            for each in block.locator(".x-word").all()
        ]
        assert classes == [relation or "unscored" for relation in given]


def test_scores_sources_and_sentences_are_those_of_the_run(
    page: Page, source: ExplorerSource, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    board = source.boards[0]
    for lens in ("latent", "logit"):
        rows = board.cells[lens, 0][0].rows
        lines = page.locator(f'.x-lens[data-lens="{lens}"] .x-words li')
        assert lines.count() == len(rows)
        for row, line in zip(rows, lines.all(), strict=True):
            text = line.inner_text()
            score = re.search(rf"{source.units[lens]} (-?\d+\.\d+)", text)
            assert score is not None
            assert float(score[1]) == pytest.approx(source.descriptions["score"][row], abs=0.02)
            layer = source.descriptions["source_layer"][row]
            assert (f"text layer {layer}" in text) == (layer is not None)
            marks = line.locator("mark").all_text_contents()
            context = source.descriptions["context"][row]
            assert marks == ([_whole(source.descriptions["word"][row])] if context else [])


def test_words_are_text_and_spans_count_code_points(page: Page, explorer_file: Path) -> None:
    opened(page, explorer_file)
    found: dict[str, str] = {}
    choose(page, "lens", "lenses and controls")
    for _ in range(12):
        for layer in range(4):
            page.locator("#x-layer").fill(str(layer))
            settled(page)
            for line in page.locator(".x-sentence").all():
                mark = line.locator("mark").inner_text()
                found[mark] = line.inner_text()
        step(page)
    assert found["guide"].startswith("\U0001f415\U0001f3fd\u200d\U0001f9af a guide beside")
    assert found["corpus"].startswith("</script><script>window.planted = 1</script> in a")
    assert {"\u05d2\u05d3\u05d5\u05dc", "cafe\u0301", "\ufffd", "striped"} <= set(found)
    assert page.locator(".x-sentence:not([dir=auto])").count() == 0
    assert page.locator("#x-panel .x-word bdi").count() > 5
    assert page.evaluate("window.planted") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    sources = page.locator("#x-image option").all_inner_texts()
    assert sources[0] == "1. scene:0 <i>"


def test_a_blank_word_has_a_name(page: Page, explorer_file: Path) -> None:
    opened(page, explorer_file)
    for _ in range(12):
        blank = page.locator(".x-word", has_text="blank word")
        if blank.count():
            expect(blank.first).to_have_text("␣blank word")
            return
        step(page)
    raise AssertionError("the made-up run has blank words")


def test_the_address_describes_and_restores_everything(page: Page, explorer_file: Path) -> None:
    opened(page, explorer_file)
    choose(page, "lens", "latent")
    choose(page, "judge", "judge-b")
    choose(page, "shade", "score")
    choose(page, "show", "misses (failures)")
    choose(page, "any", "any layer")
    choose(page, "order", "random")
    page.fill("#x-seed", "7")
    page.locator("#x-seed").blur()
    page.check("#x-all")
    page.locator("#x-layer").fill("2")
    settled(page)
    cell(page, 6, 3).click()
    settled(page)
    said = fragment(page)
    assert said["cell"] == "6,3"
    expected = {
        "model": "made-up",
        "lens": "latent",
        "judge": "judge-b",
        "shade": "score",
        "show": "misses",
        "any": "1",
        "order": "random",
        "seed": "7",
        "view": "all",
        "layer": "4",
    }
    assert {key: said[key] for key in expected} == expected
    before = page.locator("#x-app").inner_text()
    page.reload()
    expect(page.locator("#x-panel h3")).to_be_visible()
    settled(page)
    assert page.locator("#x-app").inner_text() == before
    assert fragment(page) == said
    assert page.locator("#x-grid [aria-selected='true']").get_attribute("data-cell") == "6,3"


def test_a_link_moves_an_open_page_and_says_what_it_does_not_find(
    page: Page, source: ExplorerSource, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    image = source.pictures[2].image_id[:16]
    page.evaluate(f"location.hash = '#explorer&image={image}&cell=4,5&layer=8'")
    expect(page.locator("#x-source")).to_contain_text("scene:2")
    assert place(settled(page)) == "row 4, column 5"
    expect(page.locator("#x-layer-name")).to_have_text("layer 8")
    page.evaluate("location.hash = '#explorer&image=feed&cell=99,1&layer=3&lens=%E0%A4%A&show=x'")
    expect(page.locator("#x-note")).to_contain_text("does not hold image feed, layer 3, lens")
    assert place(settled(page)) == "row 0, column 0"


def test_random_order_is_stated_and_is_the_same_every_time(
    page: Page, source: ExplorerSource, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    seen: list[tuple[str, str]] = []
    page.click("#x-random")
    for number in range(12):
        expect(page.locator("#x-position")).to_have_text(
            f"patch {number + 1} of 12 (random order, seed 42)"
        )
        settled(page)
        seen.append((page.locator("#x-source").inner_text().split(",")[0], place(page)))
        page.click("#x-random")
        settled(page)
    patches = source.boards[0].patches
    names = {each.image_id: each.source for each in source.pictures}
    drawn = sorted(patches, key=lambda patch: _lot(f"42:{patch.image_id[:16]}:{patch.row}"))
    assert seen == [(names[p.image_id], f"row {p.row}, column {p.col}") for p in drawn]


def _lot(text: str) -> int:
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        value = (value ^ value >> shift) * factor & 0xFFFFFFFF
    return value ^ value >> 16


def test_shades_tell_hits_from_misses_without_colour(
    page: Page, source: ExplorerSource, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    choose(page, "lens", "latent")
    found = hits(source.boards[0], "latent", 0)[:4]
    looks = {1.0: "hit", 0.0: "miss"}
    for i, hit in enumerate(found):
        expect(cell(page, i, i)).to_have_class(f"x-cell judged {looks.get(hit, 'unscored')}")
    styles = [
        page.locator(f"#x-legend .{name}").evaluate(
            "node => getComputedStyle(node).backgroundImage"
        )
        for name in ("hit", "miss", "unscored")
    ]
    assert [style.split("(")[0] for style in styles] == [
        "radial-gradient",
        "repeating-linear-gradient",
        "repeating-conic-gradient",
    ]
    choose(page, "shade", "score")
    assert page.locator("#x-grid .browse[class*='score-']").count() > 80
    expect(page.locator("#x-shading")).to_have_text(
        "Shaded by the cosine of the first word of latent, layer 0."
    )
    choose(page, "shade", "nothing")
    assert page.locator("#x-grid [class*='score-'], #x-grid .hit, #x-grid .miss").count() == 0


def test_all_layers_are_one_table(page: Page, source: ExplorerSource, explorer_file: Path) -> None:
    opened(page, explorer_file)
    page.check("#x-all")
    settled(page)
    board = source.boards[0]
    rows = page.locator(".x-layers tbody tr")
    assert rows.count() == len(board.layers)
    for y, row in zip(board.layers, rows.all(), strict=True):
        for lens in _under(source):
            words = row.locator(f'td[data-lens="{lens}"] .x-word').all_text_contents()
            assert _seen(words) == _said(board, lens, y, 0)
    page.get_by_role("button", name="layer 4, show alone").click()
    settled(page)
    expect(page.locator("#x-layer-name")).to_have_text("layer 4")
    assert page.locator(".x-lens").count() == len(_under(source))


def test_a_chosen_word_shows_where_else_it_is_said(
    page: Page, source: ExplorerSource, explorer_file: Path
) -> None:
    opened(page, explorer_file)
    choose(page, "lens", "latent")
    first = page.locator(".x-word:not(#x-relations *)").first
    word = first.inner_text()
    first.focus()
    page.keyboard.press("Enter")
    settled(page)
    grid = source.grid
    assert grid is not None
    rows = zip(*(grid[name] for name in ("image_id", "lens", "layer", "word")), strict=True)
    places = list(zip(grid["row"], grid["col"], strict=True))
    wanted = (source.pictures[0].image_id, "latent", 0, word)
    judged = {(patch.row, patch.col) for patch in source.boards[0].patches}
    expected = {at for at, row in zip(places, rows, strict=True) if row == wanted} - judged
    expected |= {
        (i, i)
        for i, each in enumerate(source.boards[0].cells["latent", 0][:4])
        if word in each.words
    }
    found = {
        tuple(map(int, (node.get_attribute("data-cell") or "").split(",")))
        for node in page.locator("#x-grid .says").all()
    }
    assert found == expected
    assert len(found) > 5
    expect(page.locator("#x-shading")).to_contain_text(f"{len(found)} cells")
    assert first.get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.activeElement.className").startswith("x-word")
    assert fragment(page)["word"] == word
    page.keyboard.press("Enter")
    settled(page)
    assert page.locator("#x-grid .says").count() == 0
    assert page.locator("#x-shade").input_value() == "verdict"
