"""A whole report in a real browser: two models, people, judges, the paper, the explorer."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from reports.assembly import build_report
from reports.html import render_report
from reports.published.load import load_paper
from reports.run_view import RunTables
from reports.view import ReportView, report_json
from tests.human_eval.browser.driving import Watch
from tests.reports.agreements import make_agreement
from tests.reports.browser.explorer_pages import violations
from tests.reports.journals import judged_tables
from tests.reports.synthetic import Run, explorer_of, make_run

pytestmark = pytest.mark.browser

AXE = Path(str(files("axe_playwright_python") / "axe.min.js"))
PLANTED = "<script>document.title = 'broken'</script>"


@pytest.fixture(scope="module")
def run() -> Run:
    made = make_run(4, images=8, layers=(0, 1, 3))
    made.columns["context"][0] = f"a {PLANTED} b"
    return made


@pytest.fixture(scope="module")
def tables(run: Run) -> list[RunTables]:
    """Two models with two judges and a panel, people for the first."""
    other = make_run(5, images=8, layers=(0, 1, 3))
    spec = other.spec.model_copy(update={"vlm": "llava-1.5-7b", "vlm_hash": "d" * 64})
    second = Run(spec, other.patches, other.columns, other.answers, other.kinds)
    judges = {"gpt-5": 0.05, "claude": 0.2}
    people = make_agreement(("gpt-5",), ("latent", "logit"))
    return [
        replace(judged_tables(run, judges), agreement=people),
        replace(judged_tables(second, judges), model="llava-1.5-7b", spec_hash="e" * 10),
    ]


@pytest.fixture(scope="module")
def view(tables: list[RunTables]) -> ReportView:
    """The two models beside the published figures."""
    return build_report(tables, load_paper(), published=True)


@pytest.fixture(scope="module")
def report(run: Run, view: ReportView, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_report(view, explorer_of(run, images=8)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def plain_report(run: Run, tables: list[RunTables], report: Path) -> Path:
    """The two models without the published figures, whose many plots take axe-core a minute."""
    path = report.with_name("plain.html")
    page = render_report(build_report(tables, load_paper()), explorer_of(run, images=8))
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture
def shown(page: Page, report: Path) -> Page:
    """The report, open; the tab fails on any error and on any request."""
    page.goto(report.as_uri())
    return page


def test_one_model_is_shown_at_a_time(shown: Page, view: ReportView) -> None:
    for index, run in enumerate(view.runs):
        shown.select_option("#model-select", str(index))
        visible = shown.locator("[data-model]:visible h2").all_inner_texts()
        assert visible
        assert all(run.model in text for text in visible if ":" in text)
        expect(shown.locator(f'#result [data-model="{index}"]')).to_be_visible()
        expect(shown.locator(f'#analyses [data-model="{1 - index}"]')).to_be_hidden()


def test_another_definition_shows_its_own_headline(shown: Page, view: ReportView) -> None:
    result = shown.locator('#result [data-model="0"]')
    for index, panel in enumerate(view.runs[0].panels):
        result.locator(".panel-select").select_option(str(index))
        visible = result.locator(".panel:visible")
        expect(visible).to_have_count(1)
        expect(visible.locator(".headline")).to_have_text(panel.headline)


def test_a_planted_script_is_text(shown: Page) -> None:
    shown.locator("#explorer").scroll_into_view_if_needed()
    expect(shown.locator("#x-panel")).to_contain_text(PLANTED)
    assert shown.title() != "broken"


def test_the_saved_file_is_the_json_of_the_report(shown: Page, view: ReportView) -> None:
    with shown.expect_download() as waiting:
        shown.click("#save-report")
    assert waiting.value.suggested_filename == "report.json"
    text = Path(waiting.value.path()).read_text("utf-8")
    assert text == report_json(view)


def test_the_contents_lead_to_every_part(shown: Page) -> None:
    links = shown.locator(".contents a")
    assert links.count() >= 6
    for link in links.all():
        target = (link.get_attribute("href") or "").removeprefix("#")
        expect(shown.locator(f"[id='{target}']")).to_have_count(1)


def test_every_figure_on_the_page_is_in_the_json(shown: Page, view: ReportView) -> None:
    """Every number of every table that the template writes, visible or not, is a rounded value."""
    known: set[str] = set()

    def collect(value: object) -> None:
        if isinstance(value, dict):
            for each in value.values():
                collect(each)
        elif isinstance(value, list):
            for each in value:
                collect(each)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            known.update({f"{value:.3f}", f"{abs(value):.3f}", f"{value:.1f}", str(value)})

    collect(json.loads(report_json(view)))
    texts: list[str] = shown.evaluate(
        "[...document.querySelectorAll('#result td, #paper td, #overview td')]"
        ".map(cell => cell.textContent)"
    )
    figures = [found for text in texts for found in re.findall(r"\d+\.\d{3}(?!\d)", text)]
    assert len(figures) > 500
    assert {figure for figure in figures if figure not in known} <= {"0.001"}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_readers(
    browser: BrowserContext, plain_report: Path, width: int, scheme: str
) -> None:
    """axe-core finds nothing serious, with every fold open; no part is wider than the screen."""
    tab = browser.new_page()
    watch = Watch(tab)
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    tab.goto(plain_report.as_uri())
    tab.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    tab.locator("#explorer").scroll_into_view_if_needed()
    expect(tab.locator("#x-panel h3")).to_be_visible()
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= width
    found = violations(tab, AXE)
    told = [(each["id"], each["nodes"][0]["html"][:200]) for each in found]
    tab.close()
    assert told == []
    assert watch.errors == []
    assert [url for url in watch.urls if not url.startswith(("file:", "data:"))] == []


def test_the_published_figures_stand_in_nobodys_way(shown: Page) -> None:
    """axe-core on that part of the page alone, as it is opened."""
    shown.set_viewport_size({"width": 390, "height": 900})
    assert shown.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert violations(shown, AXE, "#paper") == []


def test_paper_shows_every_fold(shown: Page) -> None:
    shown.emulate_media(media="print")
    shown.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert shown.locator("details:not([open])").count() == 0
    expect(shown.locator(".contents")).to_be_hidden()
    shown.evaluate("dispatchEvent(new Event('afterprint'))")
    assert shown.locator("details:not([open])").count() > 0
