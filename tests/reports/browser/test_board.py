"""The table of all figures in a real browser, from a file on the disk."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from reports.board import BoardRow
from reports.board_page import BoardPage, build_board, drawn_board
from reports.exports import board_csv, board_json, board_latex, board_markdown
from reports.published.board import published_rows
from reports.published.load import load_paper
from reports.templating import asset, environment, lens_styles
from tests.human_eval.browser.driving import Watch
from tests.reports.browser.explorer_pages import violations
from tests.reports.made_boards import made_source

pytestmark = pytest.mark.browser

AXE = Path(str(files("axe_playwright_python") / "axe.min.js"))
ODD = r'[a_b % & # $ ~ ^ \ { } | < > "q", `c` *d* [e]' + " \u00e9 \u4e2d \U0001f600 x--y\tz<script>"
WRITERS = {"csv": board_csv, "json": board_json, "md": board_markdown, "tex": board_latex}


def odd_rows(rows: tuple[BoardRow, ...]) -> tuple[BoardRow, ...]:
    """Return rows with odd names, and numbers that lie between two decimals."""
    first = rows[0]
    ties = [
        first.model_copy(
            update={
                "model": ODD,
                "source": ODD,
                "problem": ODD,
                "estimate": odd / 128,
                "low": odd / 2048,
                "high": -0.0,
                "gain": -odd / 16,
                "gain_low": -1e-9,
                "gain_high": 1 / 3,
                "effective_n": 1234.5 + odd / 128,
                "borda": float(odd),
                "unscored": {"z reason": 1, "a_reason": 2},
            }
        )
        for odd in (1, 3, 5, 7, 9)
    ]
    return (*rows, *ties)


def board_file(page: BoardPage, path: Path) -> Path:
    """Write a page that holds the board and nothing else, as strict as the report."""
    board = drawn_board(page, lens_styles({row.lens: row.kind for row in page.rows}))
    names = ["board_overview.html.j2"] * bool(page.overview) + ["board.html.j2"]
    body = "".join(environment().get_template(name).render(board=board) for name in names)
    css = "\n".join(asset(name) for name in ("report.css", "figures.css", "board.css"))
    script = asset("board.js")
    source = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{source}'"
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Board</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<style>{css}</style></head><body><main><h1>Board</h1>{body}</main>"
        f"<script>{script}</script></body></html>"
    )
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def board() -> BoardPage:
    """Three runs, one of whose layers are one vector, and the paper."""
    sources = [
        made_source("mini"),
        made_source("molmo-7b-d", same=(1, 2)),
        made_source("qwen2-vl-7b", layers=(0, 1)),
    ]
    made = build_board(sources, published_rows(load_paper()))
    return made.model_copy(update={"rows": odd_rows(made.rows)})


@pytest.fixture(scope="module")
def file(board: BoardPage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page."""
    return board_file(board, tmp_path_factory.mktemp("board") / "page.html")


@pytest.fixture
def tab(browser: BrowserContext, file: Path) -> Iterator[Page]:
    """The page in a tab; it may log no error and ask for nothing but itself."""
    page = browser.new_page()
    watch = Watch(page)
    page.goto(file.as_uri())
    yield page
    page.close()
    assert watch.errors == []
    assert [url for url in watch.urls if not url.startswith(("file:", "blob:"))] == []


def choose(tab: Page, column: str, value: str) -> None:
    tab.select_option(f'#board-filters select[data-column="{column}"]', value)


def column(tab: Page, title: str) -> list[str]:
    """Return the texts of a column of the table."""
    headings = tab.locator("#board-table thead th").all_inner_texts()
    index = [heading.strip(" \u2191\u2193") for heading in headings].index(title)
    return tab.locator(f"#board-table tbody tr > :nth-child({index + 1})").all_inner_texts()


def saved(tab: Page, suffix: str) -> bytes:
    with tab.expect_download() as waiting:
        tab.click(f'[data-format="{suffix}"]')
    assert waiting.value.suggested_filename == f"lensbench-board.{suffix}"
    return Path(waiting.value.path()).read_bytes()


def heading(tab: Page, title: str) -> None:
    tab.get_by_role("button", name=title, exact=True).click()


def test_it_opens_with_the_means_by_the_headline_definition(tab: Page, board: BoardPage) -> None:
    wanted = [
        row
        for row in board.rows
        if (row.layer, row.definition, row.judge) == (None, "interpretable", "gpt-5")
    ]
    expect(tab.locator("#board-table tbody tr")).to_have_count(len(wanted))
    count = f"{len(wanted)} rows of {len(board.rows):,}"
    expect(tab.locator("#board-count")).to_have_text(count)
    assert column(tab, "Rate") == [f"{row.estimate:.3f}" for row in wanted]
    assert [text.split("\n")[0] for text in column(tab, "95 % interval")] == [
        f"[{row.low:.3f}, {row.high:.3f}]" for row in wanted
    ]


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_the_files_are_those_of_the_package(tab: Page, board: BoardPage, suffix: str) -> None:
    tab.click("#board-all")
    # A minus before a zero is written by neither, so the bytes can be compared.
    assert saved(tab, suffix) == WRITERS[suffix](board.rows).encode()


def test_a_file_holds_what_the_filters_leave_in_the_order_shown(
    tab: Page, board: BoardPage
) -> None:
    tab.click("#board-all")
    choose(tab, "lens", "=latent")
    choose(tab, "source", "published")
    heading(tab, "Rate")
    wanted = [row for row in board.rows if (row.lens, row.source) == ("latent", "published")]
    wanted.sort(key=lambda row: -(row.estimate or 0.0))
    assert saved(tab, "csv") == board_csv(wanted).encode()


def test_every_column_sorts_both_ways_with_the_keyboard(tab: Page) -> None:
    tab.check("#board-more")
    for name in tab.locator("#board-table thead button").all_inner_texts():
        button = tab.get_by_role("button", name=name, exact=True)
        sort = tab.locator("#board-table th", has=button)
        button.focus()
        tab.keyboard.press("Enter")
        first = sort.get_attribute("aria-sort")
        expect(button).to_be_focused()
        tab.keyboard.press("Enter")
        assert {first, sort.get_attribute("aria-sort")} == {"ascending", "descending"}
        expect(tab.locator("#board-table th[aria-sort]")).to_have_count(1)


def test_missing_values_are_last_both_ways(tab: Page) -> None:
    for again in range(2):
        heading(tab, "Tier")
        tiers = column(tab, "Tier")
        known = [int(text) for text in tiers if text]
        assert known == sorted(known, reverse=bool(again))
        assert tiers[len(known) :] == [""] * (len(tiers) - len(known))
        assert len(known) < len(tiers)


def test_filters_and_search_are_joined(tab: Page, board: BoardPage) -> None:
    tab.click("#board-all")
    for name, value in (("model", "=molmo-7b-d"), ("kind", "=lens"), ("layer", "=4")):
        choose(tab, name, value)
    choose(tab, "source", "all runs")
    choose(tab, "definition", "=pass@1")
    tab.fill("#board-search", "LATENT molmo")
    wanted = [
        row
        for row in board.rows
        if (row.model, row.kind, row.layer, row.definition, row.lens)
        == ("molmo-7b-d", "lens", 4, "pass@1", "latent")
        and row.source != "published"
    ]
    assert column(tab, "Rate") == [f"{row.estimate:.3f}" for row in wanted]
    tab.fill("#board-search", "no such lens")
    expect(tab.locator("#board-table tbody")).to_have_text("No row matches these filters.")
    expect(tab.locator("#board-count")).to_contain_text("0 rows")
    tab.click("#board-defaults")
    expect(tab.locator("#board-search")).to_have_value("")


def test_what_a_filter_leaves_open_is_told_in_the_row(tab: Page) -> None:
    headings = tab.locator("#board-table thead th")
    assert "Definition" not in headings.all_inner_texts()
    choose(tab, "definition", "")
    assert len(set(column(tab, "Definition"))) > 4
    choose(tab, "definition", "=concrete")
    assert "Definition" not in headings.all_inner_texts()


def test_layers_of_one_vector_are_one_line(tab: Page, board: BoardPage) -> None:
    tab.click("#board-all")
    choose(tab, "model", "=molmo-7b-d")
    choose(tab, "source", "all runs")
    choose(tab, "lens", "=logit")
    choose(tab, "definition", "=concrete")
    layers = ["0–2 one vector", "4", "mean"]
    assert column(tab, "Layer") == layers
    expect(tab.locator("#board-count")).to_contain_text("5 rows")
    first = next(
        row
        for row in board.rows
        if (row.model, row.lens, row.definition, row.layer)
        == ("molmo-7b-d", "logit", "concrete", 0)
    )
    assert column(tab, "Rate")[0] == f"{first.estimate:.3f}"
    tab.uncheck("#board-collapse")
    assert column(tab, "Layer") == ["0", "1 = layer 0", "2 = layer 0", "4", "mean"]


def test_long_tables_are_drawn_in_steps(tab: Page, board: BoardPage) -> None:
    tab.click("#board-all")
    tab.uncheck("#board-collapse")
    expect(tab.locator("#board-table tbody tr")).to_have_count(200)
    while tab.locator("#board-next").is_visible():
        tab.click("#board-next")
    expect(tab.locator("#board-table tbody tr")).to_have_count(len(board.rows))
    expect(tab.locator('[aria-label="All figures"].scroll')).to_be_focused()


def test_names_are_text_and_the_address_is_left_alone(tab: Page) -> None:
    tab.click("#board-all")
    tab.fill("#board-search", "<script>")
    assert column(tab, "Model")[0].startswith("[a_b % & #")
    expect(tab.locator("#board-table script")).to_have_count(0)
    assert tab.evaluate("location.hash") == ""


def test_one_overview_is_shown_at_a_time(tab: Page) -> None:
    expect(tab.locator(".overview:visible")).to_have_count(1)
    tab.select_option("#overview-select", "2")
    expect(tab.locator(".overview:visible .caption").first).to_contain_text("concrete, judge")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 844})
    for more in (False, True):
        tab.locator("#board-more").set_checked(more)
        assert tab.evaluate("document.scrollingElement.scrollWidth") <= width
    tab.uncheck("#board-more")
    tab.click("#board-defaults")
    shown = tab.locator("#board-table thead th:visible").all_inner_texts()
    assert {"Lens", "Layer", "Rate", "95 % interval", "Tier"} <= set(shown)
    assert ("Model" in shown) == (width > 700)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_anyone(
    tab: Page, width: int, scheme: Literal["light", "dark"]
) -> None:
    tab.set_viewport_size({"width": width, "height": 844})
    tab.emulate_media(color_scheme=scheme)
    tab.check("#board-more")
    tab.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert violations(tab, AXE) == []


def test_numbers_between_two_decimals_are_rounded_as_in_the_files(tab: Page) -> None:
    tab.click("#board-all")
    tab.uncheck("#board-collapse")
    choose(tab, "model", f"={ODD}")
    assert column(tab, "Rate") == [f"{odd / 128:.3f}" for odd in (1, 3, 5, 7, 9)]


def test_without_scripts_the_means_are_there(browser: BrowserContext, file: Path) -> None:
    page = browser.new_page()
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    page.goto(file.as_uri())
    expect(page.locator("#cells noscript th[scope=row]").first).to_be_visible()
    expect(page.locator("#board")).to_be_hidden()
    page.close()
