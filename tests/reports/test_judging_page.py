from __future__ import annotations

import pytest

from harness.core.records import LensKind
from reports.costs import LensCost
from reports.html import render_report
from reports.judging_page import judging_page, usd
from reports.run_view import RunTables
from reports.text import judging_text
from reports.view import ReportView, RunView
from tests.reports.journals import judged_tables, row, tables_of, view_of_judges
from tests.reports.page import Page
from tests.reports.synthetic import JUDGE, Run, make_run, view_of
from tests.reports.test_html import HOSTILE

JUDGES = {"gpt-5": 0.05, "claude": 0.2, "qwen": 0.4}


@pytest.fixture(scope="module")
def run() -> Run:
    return make_run(4, images=8, layers=(0, 3))


@pytest.fixture(scope="module")
def view(run: Run) -> ReportView:
    return view_of_judges(judged_tables(run, JUDGES))


@pytest.fixture(scope="module")
def page(run: Run, view: ReportView) -> str:
    return render_report(view)


def run_view(tables: RunTables) -> RunView:
    return view_of_judges(tables).runs[0]


def section(page: str) -> str:
    return page.partition('<section id="r0-judging">')[2].partition("</section>")[0]


def test_every_figure_of_the_section_is_in_the_json(view: ReportView, page: str) -> None:
    judging = view.runs[0].judging
    shown = section(page)
    assert Page(page).open == []
    for checks in judging.checks:
        assert f"<h3>{checks.judge}</h3>" in shown
        assert checks.repeat
        assert checks.reorder
        shares = [
            checks.repeat.same_words,
            checks.repeat.same_questions,
            checks.reorder.changed_words,
            checks.reorder.changed_questions,
            *(rate.cells for rate in checks.controls),
        ]
        for share in shares:
            assert f"{share.share:.3f}" in shown
            assert f"{share.count:,} of {share.n:,}" in shown
            assert f"[{share.low:.3f}, {share.high:.3f}]" in shown
        assert str(checks.repeat.kappa) in shown
    for pair in judging.agreements:
        assert f"{pair.first} and {pair.second}" in shown
        assert f"{pair.kappa.value:.3f}" in shown
        assert f"{pair.first_rate:.3f} and {pair.second_rate:.3f}" in shown
    for cost in judging.costs:
        assert usd(cost) in shown
        assert f"{cost.input_tokens:,}" in shown
    for lens_cost in judging.lens_costs:
        assert usd(lens_cost) in shown


def test_the_panel_comes_first_and_is_no_judge_of_its_own(view: ReportView, page: str) -> None:
    name = "panel:majority(gpt-5,claude,qwen)"
    run = view.runs[0]
    assert [note.name for note in run.judges] == [name, *JUDGES]
    assert run.panels[0].judge == view.board.rows[0].judge == name
    assert [checks.judge for checks in run.judging.checks] == [*JUDGES]
    assert f'<option value="0">interpretable, judge {name}: ' in page
    assert any("no_majority" in line for line in run.missing)


def test_facts_of_a_judge(view: ReportView, page: str) -> None:
    card = judging_page(view.runs[0]).cards[0]
    facts = {fact.name: fact for fact in card.facts}
    cost = view.runs[0].judging.costs[0]
    assert (facts["Protocol"].value, facts["Protocol"].detail) == ("paper.1", "d3adbeefd3ad")
    assert facts["Answered by"].value == "gpt-5-2026-08-07"
    assert facts["Questions"].detail == f"ok {cost.by_status['ok']}, refusal " + str(
        cost.by_status["refusal"]
    )
    assert facts["Cost"].value == usd(cost)
    assert facts["Time per question"].value == f"{cost.median_s:.1f} s"
    assert "d3adbeefd3ad" in section(page)


def test_a_judge_that_costs_nothing_shows_no_cost(run: Run) -> None:
    journal = [
        row(words, answer.relations, patch_id=patch_id, judge=JUDGE)
        for (patch_id, words), answer in run.answers.items()
    ]
    tables = tables_of(run, {JUDGE: run.answers}, {JUDGE: journal}, {})
    with_journal, without = view_of_judges(tables), view_of(run)
    assert "<dt>Questions</dt>" in section(render_report(with_journal))
    assert "<dt>" not in section(render_report(without))
    for view in (with_journal, without):
        page = section(render_report(view))
        assert "False positives on controls" in page
        assert "$" not in page
        assert "Cost" not in page
        assert "Calls" not in page
        assert judging_text(view.runs[0].judging) == ""


def test_without_anything_to_say_there_is_no_section() -> None:
    kinds: dict[str, LensKind] = {"latent": "lens", "logit": "lens"}
    lenses = make_run(4, images=3, layers=(0,), kinds=kinds)
    assert 'id="r0-judging"' not in render_report(view_of(lenses))
    assert 'id="r0-judging"' not in render_report(view_of(lenses, judged=False))


def test_hostile_names_stay_text(run: Run) -> None:
    tables = judged_tables(run, {HOSTILE: 0.1, "b": 0.1})
    page = render_report(view_of_judges(tables))
    assert "<img src=x" not in page
    assert Page(page).open == []


def test_two_judges_whose_names_differ_by_case_stay_two(run: Run) -> None:
    found = judging_page(run_view(judged_tables(run, {"a": 0.1, "A": 0.1, "b": 0.1})))
    assert [(rows[0].first, rows[0].second) for rows in found.pairs] == [
        ("a", "A"),
        ("a", "b"),
        ("A", "b"),
    ]


@pytest.mark.parametrize(
    ("known", "cost", "text"),
    [
        (0.0, 0.0, "$0.00"),
        (0.00123, 0.00123, "$0.0012"),
        (1234.5, 1234.5, "$1,234.50"),
        (0.5, None, "more than $0.5000"),
        (0.0, None, "unknown"),
    ],
)
def test_prices_are_never_shown_as_less_than_they_are(
    known: float, cost: float | None, text: str
) -> None:
    assert usd(LensCost(judge="a", lens="b", questions=1, cost_usd=cost, known_usd=known)) == text


def test_an_unknown_price_is_no_zero(run: Run) -> None:
    """One call of unknown price: the judge's sum and the lens it was for say so."""
    tables = judged_tables(run, {"a": 0.1}, panel=False)
    first, *others = tables.judgements["a"]
    call = first.calls[0].model_copy(update={"cost_usd": None})
    first = first.model_copy(update={"cost_usd": None, "calls": (call,)})
    unpriced = tables_of(run, tables.answers, {"a": [first, *others]}, {})
    found = judging_page(run_view(unpriced))
    facts = {fact.name: fact for fact in found.cards[0].facts}
    assert facts["Cost"].value.startswith("more than $")
    assert facts["Cost"].detail == "unknown price 1"
    texts = [row.costs[0] for row in found.lens_costs]
    assert sum(text.startswith("more than") for text in texts) == 2
    assert found.lens_costs[-1].lens == "all"


def test_the_same_journal_gives_the_same_page(run: Run, page: str) -> None:
    again = view_of_judges(judged_tables(run, JUDGES))
    assert render_report(again) == page
    assert JUDGE not in section(page)
