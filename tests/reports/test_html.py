from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from pydantic import ValidationError

from harness.core.errors import MismatchError
from reports.html import embedded_json, render_report
from reports.old_explorer import RELATIONS, Explorer, ExplorerImage, build_explorer
from reports.outcomes import DEFINITIONS, join
from reports.scoring import select
from reports.view import ReportView, report_json
from tests.reports.synthetic import RELATION, Run, make_run, pictures, view_of

LOADS = re.compile(r"""(?:src|href|action|data|poster|srcset)\s*=\s*["']?\s*(?!data:)[^"'\s>]""")
HOSTILE = '</script><img src=x onerror="alert(1)">&'


def small(seed: int = 0) -> Run:
    return make_run(seed, images=6, layers=(0, 1, 3))


class Page(HTMLParser):
    """Collects what the tests ask about."""

    void = frozenset({"meta", "img", "input", "link", "br", "hr"})

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.data: dict[str, str] = {}
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.data[self.open[-1]] = self.data.get(self.open[-1], "") + data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def run() -> Run:
    return small()


@pytest.fixture(scope="module")
def view(run: Run) -> ReportView:
    return view_of(run)


@pytest.fixture(scope="module")
def page(run: Run, view: ReportView) -> str:
    return render_report(view, pictures(run))


def test_every_element_is_closed_and_ids_are_unique(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    assert "http:" not in page
    assert "https:" not in page
    assert "@import" not in page
    assert "url(" not in page
    markup = re.sub(r"<script[^>]*>.*?</script>", "", page, flags=re.DOTALL)
    assert LOADS.search(markup.replace("http-equiv", "")) is None
    policies = [m for m in Page(page).of("meta") if "http-equiv" in m]
    assert (policies[0]["content"] or "").startswith("default-src 'none'; img-src data:;")


def test_the_policy_lets_exactly_the_inline_script_run(page: str) -> None:
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    expected = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{expected}&#39;" in page or f"'sha256-{expected}'" in page


def test_the_embedded_data_are_the_json_file(page: str, view: ReportView) -> None:
    block = re.search(r'id="report-data">(.*?)</script>', page, re.DOTALL)
    assert block
    assert json.loads(block[1]) == json.loads(report_json(view))
    assert json.loads(report_json(view))["scores"][0]["lens"] == "latent"


def test_every_score_of_the_csv_is_in_the_table(page: str, view: ReportView) -> None:
    rows = [row for row in Page(page).of("tr") if "data-definition" in row]
    shown = [(r["data-lens"], r["data-layer"], r["data-definition"]) for r in rows]
    assert shown == [
        (s.lens, "mean" if s.layer is None else str(s.layer), s.definition) for s in view.scores
    ]
    visible = {row["data-definition"] for row in rows if "hidden" not in row}
    assert visible == {"interpretable"}


def test_every_layer_has_its_ranking(page: str, view: ReportView) -> None:
    """One row per definition and layer, best rate first, with tier and gain of every lens."""
    tables = re.findall(r"<h3>Ranking at each layer</h3>(.*?)</table>", page, flags=re.DOTALL)
    assert len(tables) == len(DEFINITIONS)
    rows = re.findall(r"<tr><th scope=\"row\".*?</tr>", tables[0], flags=re.DOTALL)
    assert len(rows) == len(view.spec.layers)
    for layer, row in zip(view.spec.layers, rows, strict=True):
        scores = select(view.scores, view.judges[0].name, "interpretable", layer)
        rates = sorted((s.estimate or 0.0 for s in scores if s.kind == "lens"), reverse=True)
        assert re.findall(r"<b>([\d.]+)</b>", row) == [f"{rate:.3f}" for rate in rates]
        assert row.count("tier ") == row.count("gain ") == len(rates)


def test_the_header_says_what_was_run(page: str, view: ReportView) -> None:
    for text in (
        "never trained on photographs",
        "Judge ground-truth.",
        "Rules, no person.",
        "scenes:heldout",
        view.spec_hash[:12],
        view.headlines[0].text.replace("'", "&#39;"),
    ):
        assert text in page, text


def test_each_picture_is_embedded_once_and_only_if_listed(page: str, run: Run) -> None:
    assert [image["src"] for image in Page(page).of("img")] == [
        p.data_uri for p in pictures(run)[:3]
    ]
    assert "The first 3 of 6 images" in page


def test_an_unjudged_run_shows_words_and_no_figures(run: Run) -> None:
    page = render_report(view_of(run, judged=False), pictures(run))
    assert "Nothing was judged." in page
    assert 'class="panel"' not in page
    assert "<svg" in page  # the heat map needs no judge
    assert 'id="x-words"' in page
    assert 'id="x-misses"' not in page
    assert 'id="cell-table"' not in page


def test_unscored_answers_are_announced() -> None:
    run = small(2)
    for key in list(run.answers)[:10]:
        del run.answers[key]
    page = render_report(view_of(run))
    assert "(missing 10)" in page
    assert "neither hits nor misses" in page


def test_hostile_words_stay_text() -> None:
    run = small(3)
    hostile = view_of(run).model_copy(update={"provenance": HOSTILE, "notices": (HOSTILE,)})
    images = [picture.model_copy(update={"source": HOSTILE}) for picture in pictures(run)]
    page = render_report(hostile, images)
    assert "<img src=x" not in page
    assert Page(page).open == []
    assert embedded_json('"</script>\u2028"') == '"\\u003c/script>\\u2028"'


def test_the_same_run_gives_the_same_page(page: str) -> None:
    again = small()
    assert render_report(view_of(again), pictures(again)) == page


def unpacked(
    book: Explorer, image: int, patch: int, lens: str, layer: int
) -> list[tuple[str, str]]:
    place = book.lenses.index(lens) * len(book.layers) + book.layers.index(layer)
    cell = book.images[image].patches[patch].cells[place]
    assert cell[0] == "ok"
    return [
        (book.neighbours[int(cell[i])].word, RELATIONS[int(cell[i + 1])])
        for i in range(1, len(cell), 3)
    ]


def test_the_explorer_holds_the_words_of_every_cell(run: Run, view: ReportView) -> None:
    columns = run.columns
    patch = view.explorer.images[2].patches[1]
    for lens, layer in (("latent", 3), ("random-vector", 0)):
        expected = [
            (word, RELATION[word])
            for name, where, owner, word in zip(
                columns["lens"], columns["layer"], columns["patch_id"], columns["word"], strict=True
            )
            if (name, where, owner) == (lens, layer, patch.patch_id)
        ]
        assert unpacked(view.explorer, 2, 1, lens, layer) == expected


def test_a_neighbour_keeps_its_phrase(view: ReportView) -> None:
    sourced = [one for one in view.explorer.neighbours if one.source_layer is not None]
    assert sourced
    assert all(one.context[one.start : one.end] == one.word for one in sourced)
    assert len(set(view.explorer.neighbours)) == len(view.explorer.neighbours)


def test_the_explorer_keeps_to_its_budget(run: Run) -> None:
    everything = view_of(run, images=6).explorer
    assert len(everything.images) == 6
    size = len(report_json(view_of(run, images=6))) - len(report_json(view_of(run, images=0)))
    half = view_of(run, images=6, budget=size // 2).explorer
    assert 1 <= len(half.images) < 6
    assert len(view_of(run, images=6, budget=1).explorer.images) == 1
    assert half.images_of_run == 6


def test_a_picture_without_its_patch_is_refused(run: Run) -> None:
    outcomes = join(run.columns, run.answers, run.patches, run.spec, "ground-truth")
    picture = pictures(run)[0].model_copy(update={"regions": {}})
    with pytest.raises(MismatchError, match="no region for its patch 'p000-0'"):
        build_explorer(outcomes, run.columns, [picture])


@pytest.mark.parametrize("region", [(0.5, 0.0, 0.4, 1.0), (0.0, 0.0, 1.1, 1.0), (-0.1, 0, 1, 1)])
def test_a_region_outside_the_picture_is_refused(region: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="expected left < right"):
        ExplorerImage.model_validate(
            {"image_id": "a", "data_uri": "", "width": 1, "height": 1, "regions": {"p": region}}
        )


def test_kinds_of_a_view_must_cover_the_run(run: Run) -> None:
    short = Run(run.spec, run.patches, run.columns, run.answers, {"latent": "lens"})
    with pytest.raises(MismatchError, match="logit"):
        view_of(short)
