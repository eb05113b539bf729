from __future__ import annotations

import html
import json
import re

import pytest

from harness.core.errors import UsageError
from harness.core.ids import canonical_json
from reports.board import BoardRow
from reports.board_page import BoardPage, BoardSource, board_data, build_board, drawn_board
from reports.exports import FIELDS
from reports.published.board import published_rows
from reports.published.load import load_paper
from reports.templating import environment, lens_styles
from tests.reports.made_boards import board_of, made_source, source_of, spec_of, verdicts_of

THREE = [
    made_source("mini"),
    made_source("molmo-7b-d", same=(1, 2)),
    made_source("qwen2-vl-7b", layers=(0, 1)),
]


def rendered(page: BoardPage) -> str:
    styles = lens_styles({row.lens: row.kind for row in page.rows})
    board = drawn_board(page, styles)
    names = ["board_overview.html.j2"] * bool(page.overview) + ["board.html.j2"]
    return "".join(environment().get_template(name).render(board=board) for name in names)


def embedded(text: str) -> dict[str, list[object]]:
    """Return the columns of the table as the page reads them."""
    found = re.search(r'<script type="application/json" id="board-data">(.*?)</script>', text, re.S)
    assert found is not None
    data = json.loads(found[1])
    return {
        each["name"]: [each["values"][code] for code in each["codes"]]
        if "codes" in each
        else each["values"]
        for each in data["columns"]
    }


def test_the_page_holds_every_row_exactly() -> None:
    page = build_board(THREE, published_rows(load_paper()))
    columns = embedded(rendered(page))
    assert tuple(columns) == FIELDS
    plain = json.loads(canonical_json({"rows": [row.model_dump() for row in page.rows]}))["rows"]
    for name, values in columns.items():
        assert values == [row[name] for row in plain], name


def test_the_overview_has_all_models_and_their_mean() -> None:
    page = build_board(THREE)
    assert page.merge is not None
    assert page.merge.comparable
    assert [(each.judge, each.definition) for each in page.overview] == [
        ("gpt-5", "interpretable"),
        ("gpt-5", "concrete+abstract"),
        ("gpt-5", "concrete"),
        ("gpt-5", "pass@1"),
    ]
    first = page.overview[0]
    assert first.lenses == ("latent", "logit", "embedding", "shuffled-patch:latent")
    assert [row.model for row in first.rows] == ["mini", "molmo-7b-d", "qwen2-vl-7b", ""]
    mean = first.rows[-1].cells[0]
    assert mean is not None
    parts = [row.cells[0] for row in first.rows[:-1]]
    estimates = [part.estimate for part in parts if part is not None and part.estimate is not None]
    assert mean.estimate == pytest.approx(sum(estimates) / 3)
    assert mean.hits == sum(part.hits or 0 for part in parts if part)
    assert mean.n == sum(part.n or 0 for part in parts if part)
    assert mean.total == sum(part.total or 0 for part in parts if part)
    assert mean.tier == 1
    assert first.headlines[0].startswith("Over 3 models (mini, molmo-7b-d, qwen2-vl-7b)")
    assert mean in page.rows


def test_every_figure_of_the_overview_is_shown_and_drawn() -> None:
    page = build_board(THREE, published_rows(load_paper()))
    text = html.unescape(rendered(page))
    for overview in page.overview:
        for row in overview.rows:
            for cell in row.cells:
                if cell is not None and cell.low is not None:
                    assert f"{cell.estimate:.3f}</b>" in text
                    assert f"[{cell.low:.3f}, {cell.high:.3f}]" in text
        for line in overview.headlines:
            assert line in text
    for figure in page.figures:
        assert text.count(f"<figcaption><bdi>{figure.title}</bdi></figcaption>") >= 1
    assert len({figure.name for figure in page.figures}) == len(page.figures)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_the_published_figures_alone_give_the_averages_of_the_paper() -> None:
    page = build_board([], published_rows(load_paper()))
    (overview,) = page.overview
    assert overview.published_only
    text = rendered(page)
    for line in (
        "mean of 9 controlled: latent 74.4\u00a0%, embedding 29.7\u00a0%, logit 21.7\u00a0%.",
        "mean of 6 off-the-shelf: latent 58.3\u00a0%, embedding 35.4\u00a0%, logit 26.2\u00a0%.",
        "mean of all 15: latent 67.9\u00a0%, embedding 32.0\u00a0%, logit 23.5\u00a0%.",
    ):
        assert f"Published, {line}" in overview.headlines
        assert line in text
    means = [row.model for row in overview.rows if row.averaged]
    assert means == ["mean of 9 controlled", "mean of 6 off-the-shelf", "mean of all 15"]
    assert page.merge is None


def test_one_run_has_a_table_but_no_overview() -> None:
    page = build_board(THREE[:1])
    assert page.overview == ()
    assert page.figures == ()
    assert page.merge is None
    assert 'id="board-table"' in rendered(page)


def test_a_run_stands_beside_published_rows_of_its_judge_only() -> None:
    published = published_rows(load_paper())
    page = build_board(THREE[:1], published)
    first = page.overview[0]
    assert (first.rows[0].model, first.rows[0].source) == ("mini", THREE[0].source)
    assert first.published
    spec = spec_of("other").model_copy(update={"judges": ("gemini",)})
    other = source_of(spec, board_of(spec, verdicts_of(spec), "gemini"))
    (alone,) = build_board([other], published).overview
    assert alone.published_only


def test_runs_that_do_not_agree_stay_apart() -> None:
    page = build_board([*THREE, made_source("short", k=3)])
    assert page.merge is not None
    assert not page.merge.comparable
    first = page.overview[0]
    assert [over.models for over in first.over] == [("mini", "molmo-7b-d", "qwen2-vl-7b")]
    assert "short" in [row.model for row in first.rows]
    text = rendered(page)
    assert "more words are more chances of a hit" in text
    assert "they are not averaged together" in text


def test_runs_of_the_same_weights_are_not_averaged() -> None:
    four = made_source("mini in 4 bit", vlm_hash="mini-weights", dtype="4bit")
    page = build_board([THREE[0], four])
    assert page.overview[0].over == ()
    assert [row.model for row in page.overview[0].rows] == ["mini", "mini in 4 bit"]
    assert "of the same weights" in rendered(page)


def test_the_same_run_twice_is_refused() -> None:
    again = THREE[0]
    twin = BoardSource(
        "copy", "copy 01", again.spec, again.kinds, again.boards, again.rows, again.same
    )
    with pytest.raises(UsageError, match="mini 0123456789 and copy 01"):
        build_board([again, twin])


def test_names_with_markup_are_shown_as_text() -> None:
    odd = '</script><script>alert(1)</script>&"'
    rows = [row.model_copy(update={"model": odd, "problem": odd}) for row in THREE[0].rows]
    source = BoardSource(
        odd, odd, THREE[0].spec, THREE[0].kinds, THREE[0].boards, rows, THREE[0].same
    )
    page = build_board([source, THREE[1]])
    text = rendered(page)
    assert "<script>alert" not in text
    assert odd in embedded(text)["model"]


def test_texts_are_stored_once_and_the_table_opens_with_the_first_judge() -> None:
    rows = THREE[0].rows
    data = json.loads(board_data(rows, lens_styles({row.lens: row.kind for row in rows})))
    model = next(each for each in data["columns"] if each["name"] == "model")
    assert model["values"] == ["mini"]
    assert data["defaults"] == {"layer": "mean", "definition": "interpretable", "judge": "gpt-5"}
    types = {each["name"]: each["type"] for each in data["columns"]}
    assert types["borda"] == types["estimate"] == "number"
    assert types["tier"] == types["layer"] == types["hits"] == "integer"
    assert (types["same_as_layer_0"], types["unscored"]) == ("flag", "counts")
    assert types["control"] == types["problem"] == "text"
    assert set(types) == set(BoardRow.model_fields)


def test_an_empty_report_has_no_rows() -> None:
    page = build_board([])
    assert page == BoardPage(rows=(), merge=None, overview=())


def test_readers_without_scripts_see_the_means() -> None:
    text = rendered(build_board(THREE))
    static = text[text.index("<noscript>") : text.index("</noscript>")]
    assert static.count("<tr class=") == 4 * 4
    for row in THREE[0].rows:
        if row.layer is None and row.definition == "interpretable":
            assert f"{row.estimate:.3f}" in static
