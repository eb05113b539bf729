"""The page of a report: loads nothing, hides nothing, and says what the JSON says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from dataclasses import replace

import pytest

from harness.core.errors import MismatchError
from reports.assembly import build_report
from reports.html import embedded_json, packed, render_report
from reports.outcomes import RANKED
from reports.published.load import load_paper
from reports.view import ReportView, report_json
from tests.reports.page import Page
from tests.reports.synthetic import Run, explorer_of, make_run, tables_of, view_of

LOADS = re.compile(r"""(?:src|href|action|data|poster|srcset)\s*=\s*["']?\s*(?!data:|#)[^"'\s>]""")
HOSTILE = '</script><img src=x onerror="alert(1)">&'


def small(seed: int = 0) -> Run:
    return make_run(seed, images=6, layers=(0, 1, 3))


@pytest.fixture(scope="module")
def run() -> Run:
    return small()


@pytest.fixture(scope="module")
def view(run: Run) -> ReportView:
    return view_of(run)


@pytest.fixture(scope="module")
def page(run: Run, view: ReportView) -> str:
    return render_report(view, explorer_of(run))


@pytest.fixture(scope="module")
def several() -> ReportView:
    """Two models on the same images."""
    first, second = small(), small(1)
    other = second.spec.model_copy(update={"vlm": "other", "vlm_hash": "d" * 64})
    turned = Run(other, second.patches, second.columns, second.answers, second.kinds)
    tables = replace(tables_of(turned), model="other", spec_hash="e" * 10)
    return build_report([tables_of(first), tables], load_paper())


def test_every_element_is_closed_and_ids_are_unique(page: str, several: ReportView) -> None:
    for each in (page, render_report(several)):
        parsed = Page(each)
        assert parsed.open == []
        ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
        assert len(ids) == len(set(ids))


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    assert "http:" not in page
    assert "https:" not in page
    assert "@import" not in page
    assert "url(" not in page.replace("url(#", "")
    markup = re.sub(r"<script[^>]*>.*?</script>", "", page, flags=re.DOTALL)
    assert LOADS.search(markup.replace("http-equiv", "")) is None
    policies = [m for m in Page(page).of("meta") if "http-equiv" in m]
    assert (policies[0]["content"] or "").startswith("default-src 'none'; img-src data:;")


def test_the_policy_lets_exactly_the_inline_scripts_run(page: str) -> None:
    (policy,) = (m["content"] or "" for m in Page(page).of("meta") if "http-equiv" in m)
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    expected = [
        "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in scripts
    ]
    assert re.findall(r"'(sha256-[^']+)'", policy) == expected
    assert len(expected) >= 3


def test_the_embedded_data_are_the_json_file(page: str, view: ReportView) -> None:
    block = re.search(r'id="report-data">(.*?)</script>', page, re.DOTALL)
    assert block
    text = zlib.decompress(base64.b64decode(block[1]), wbits=-15).decode()
    assert text == report_json(view)
    assert json.loads(text)["board"]["rows"][0]["lens"] == "latent"


def test_packing_keeps_any_text() -> None:
    text = "a\u2028</script>é\U0001f600\ud800"
    data = zlib.decompress(base64.b64decode(packed(text)), wbits=-15)
    assert data.decode("utf-8", "surrogatepass") == text


def test_every_ranked_definition_has_a_panel_and_the_first_is_shown(page: str) -> None:
    panels = [a for a in Page(page).of("div") if "data-panel" in a]
    assert [panel["data-definition"] for panel in panels] == list(RANKED)
    assert ["hidden" in panel for panel in panels] == [False, True, True, True]


def test_figures_of_the_panels_are_those_of_the_json(page: str, view: ReportView) -> None:
    """Mean, interval, tier, rank range and gain of every lens, in the order of the record."""
    for panel, part in zip(view.runs[0].panels, page.split('<div class="panel"')[1:], strict=True):
        table = part.partition("by their mean over layers")[2].partition("</table>")[0]
        rows = re.findall(r"<tr>\s*<th scope=\"row\">.*?</tr>", table, re.DOTALL)
        assert len(rows) == len(panel.overall.rows)
        for row, markup in zip(panel.overall.rows, rows, strict=True):
            cells = [
                re.sub(r"<[^>]+>", "", cell).split()
                for cell in re.findall(r"<t[hd].*?</t[hd]>", markup, re.DOTALL)
            ]
            assert cells[0] == [row.lens]
            assert cells[1] == [f"{row.estimate:.3f}"]
            assert cells[2] == [f"[{row.low:.3f},", f"{row.high:.3f}]"]
            assert cells[3] == ([] if row.tier is None else [str(row.tier)])
            if row.excess is not None:
                assert cells[7][0] == f"{row.excess:+.3f}"


def test_every_layer_has_its_ranking(page: str, view: ReportView) -> None:
    """One row per definition and layer, best rate first, with tier and gain of every lens."""
    tables = re.findall(r'<table class="layer-ranks">(.*?)</table>', page, flags=re.DOTALL)
    assert len(tables) == len(RANKED)
    for panel, table in zip(view.runs[0].panels, tables, strict=True):
        rows = re.findall(r"<tr><th scope=\"row\".*?</tr>", table, flags=re.DOTALL)
        assert len(rows) == len(view.runs[0].spec.layers)
        for ranking, row in zip(panel.layers, rows, strict=True):
            lenses = [each for each in ranking.rows if each.kind == "lens"]
            assert re.findall(r"<b>([\d.]+)</b>", row) == [f"{e.estimate:.3f}" for e in lenses]
            assert row.count("tier ") == row.count("gain ") == len(lenses)


def test_the_header_says_what_was_run(page: str, view: ReportView) -> None:
    run = view.runs[0]
    for text in (
        "never trained on photographs",
        "Judge ground-truth.",
        "Rules, no person.",
        "scenes:heldout",
        run.spec_hash,
        run.panels[0].headline.replace("'", "&#39;"),
    ):
        assert text in page, text
    for line in run.missing:
        assert line in page, line


def test_each_picture_is_embedded_once_and_what_is_left_out_is_said(page: str, run: Run) -> None:
    explorer = explorer_of(run)
    assert all(page.count(picture) == 1 for picture in explorer.pictures)
    assert len(explorer.pictures) == 3
    assert "The first 3 of 6 images" in page


def test_several_models_are_shown_one_at_a_time_and_ranked_together(several: ReportView) -> None:
    page = render_report(several)
    parts = [a for a in Page(page).of("div") if "data-model" in a]
    assert [part["data-model"] for part in parts] == ["0", "1", "0", "1"]
    assert ["hidden" in part for part in parts] == [False, True, False, True]
    assert 'id="model-select"' in page
    assert 'id="overview"' in page
    assert several.board.merge is not None
    assert several.board.merge.comparable
    over = [row for row in several.board.rows if row.model == "" and row.layer is None]
    assert {row.lens for row in over} >= {"latent", "logit", "embedding"}


def test_an_unjudged_run_shows_words_and_no_figures(run: Run) -> None:
    page = render_report(view_of(run, judged=False), explorer_of(run, judged=False))
    assert "Nothing was judged." in page
    assert 'class="panel"' not in page
    assert 'id="explorer"' in page
    assert "No judge: words are shown" in page


def test_unscored_answers_and_wordless_cells_are_named_as_missing() -> None:
    run = small(2)
    for key in list(run.answers)[:10]:
        del run.answers[key]
    keep = [i for i, patch in enumerate(run.columns["patch_id"]) if patch != "p000-0"]
    columns = {name: [values[i] for i in keep] for name, values in run.columns.items()}
    view = view_of(Run(run.spec, run.patches, columns, run.answers, run.kinds))
    missing = " ".join(view.runs[0].missing)
    assert re.search(r"\(missing \d\d\)", missing)
    assert "neither hits nor misses" in missing
    assert "No words: latent in 3 cells" in missing
    page = render_report(view)
    assert all(line.replace("'", "&#39;") in page for line in view.runs[0].missing)


def test_a_run_with_one_image_or_nothing_scored_has_a_page() -> None:
    one = make_run(5, images=1, layers=(2,))
    page = render_report(view_of(one), explorer_of(one))
    assert Page(page).open == []
    bare = small(6)
    bare.answers.clear()
    view = view_of(bare)
    assert all(row.estimate is None for row in view.board.rows)
    assert Page(render_report(view, explorer_of(bare))).open == []


@pytest.mark.parametrize(
    "word", [HOSTILE, "\u202eright to left\u202c", "e\u0301\u0323", "\ufffd\ufffd", "w" * 2000]
)
def test_odd_words_and_names_stay_text(word: str) -> None:
    run = small(3)
    run.columns["context"][0] = f"a {word} b"
    view = view_of(run)
    odd = view.runs[0].model_copy(
        update={"provenance": word, "notices": (word,), "stamp": {word: word}, "model": word}
    )
    page = render_report(view.model_copy(update={"runs": (odd,)}), explorer_of(run))
    assert "<img src=x" not in page
    assert Page(page).open == []
    assert embedded_json('"</script>\u2028"') == '"\\u003c/script>\\u2028"'


def test_the_same_run_gives_the_same_page(page: str) -> None:
    again = small()
    assert render_report(view_of(again), explorer_of(again)) == page


def test_the_papers_figures_alone_make_a_page_with_its_averages() -> None:
    view = build_report([], load_paper(), published=True)
    page = render_report(view)
    assert Page(page).open == []
    means = {
        (row.model, row.lens): row.estimate
        for row in view.board.rows
        if row.layer is None and row.estimate is not None
    }
    rounded = {key: round(100 * rate, 1) for key, rate in means.items()}
    for group, figures in {"controlled": (74.4, 21.7, 29.7), "all": (67.9, 23.5, 32.0)}.items():
        (name,) = {model for model, _ in means if group in model}
        assert tuple(rounded[name, lens] for lens in ("latent", "logit", "embedding")) == figures
        for figure in figures:
            assert f"{figure / 100:.3f}"[:4] in page


def test_kinds_of_a_view_must_cover_the_run(run: Run) -> None:
    short = Run(run.spec, run.patches, run.columns, run.answers, {"latent": "lens"})
    with pytest.raises(MismatchError, match="logit"):
        view_of(short)
