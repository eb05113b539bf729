from __future__ import annotations

import math

import pytest

from reports.judging import Journals, Judging, build_judging, judge_checks, snapshot_notices
from reports.outcomes import Answers, join
from reports.panel import all_boards
from reports.run_view import RunTables
from tests.reports.journals import judged_tables, row, tables_of, view_of_judges
from tests.reports.synthetic import JUDGE, Run, make_run

JUDGES = {"gpt-5": 0.05, "claude": 0.2}


@pytest.fixture(scope="module")
def run() -> Run:
    return make_run(4, images=8, layers=(0, 3))


@pytest.fixture(scope="module")
def tables(run: Run) -> RunTables:
    return judged_tables(run, JUDGES, panel=False)


def judging_of(run: Run, answers: dict[str, Answers], journals: Journals) -> Judging:
    boards = all_boards(run.columns, answers, run.patches, run.spec)
    return build_judging(boards, journals, answers, run.kinds)


def test_every_judge_is_checked_and_every_two_are_compared(run: Run, tables: RunTables) -> None:
    found = judging_of(run, dict(tables.answers), tables.judgements)
    assert [checks.judge for checks in found.checks] == [*JUDGES]
    assert {(row.first, row.second) for row in found.agreements} == {("gpt-5", "claude")}
    steady, noisy = found.checks
    for checks in found.checks:
        asked = [row.check for row in tables.judgements[checks.judge]]
        assert checks.repeat
        assert checks.reorder
        assert checks.repeat.pairs == asked.count("repeat") > 0
        assert checks.reorder.pairs == asked.count("reorder") > 0
        assert checks.flags
        assert len(checks.controls) == 5
    assert steady.repeat
    assert noisy.repeat
    assert (steady.repeat.same_words.share or 0) > (noisy.repeat.same_words.share or 0)


def test_the_costs_of_the_lenses_add_up_to_that_of_the_judge(run: Run, tables: RunTables) -> None:
    found = judging_of(run, dict(tables.answers), tables.judgements)
    for cost in found.costs:
        rows = [row for row in found.lens_costs if row.judge == cost.judge]
        assert {*run.kinds} < {row.lens for row in rows}
        total = math.fsum(row.cost_usd or 0.0 for row in rows)
        assert cost.cost_usd == pytest.approx(total)
        assert total > 0


def test_a_judge_inside_the_process_has_no_price(run: Run) -> None:
    journal = [
        row(words, answer.relations, patch_id=patch_id, judge=JUDGE)
        for (patch_id, words), answer in run.answers.items()
    ]
    found = judging_of(run, {JUDGE: run.answers}, {JUDGE: journal})
    (cost,) = found.costs
    assert (cost.questions, cost.calls, cost.cost_usd) == (len(run.answers), 0, 0.0)
    assert found.lens_costs == ()
    assert found.agreements == ()


def test_without_a_journal_only_the_controls_speak(run: Run) -> None:
    found = judging_of(run, {JUDGE: run.answers}, {})
    (checks,) = found.checks
    assert len(checks.controls) == 5
    assert (checks.repeat, checks.reorder, checks.probes, checks.flags) == (None,) * 4
    assert found.costs == ()


def test_without_a_judge_there_is_nothing(run: Run) -> None:
    assert judging_of(run, {}, {}) == Judging()


def test_of_equal_keys_the_last_row_counts(run: Run) -> None:
    board = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    journal = [
        row("a", ("concrete",), key="1"),
        row("a", (), key="2", check="repeat", status="api_error"),
        row("a", ("concrete",), key="2", check="repeat"),
    ]
    checks = judge_checks(journal, board, run.kinds)
    assert checks.repeat
    assert (checks.repeat.pairs, checks.repeat.scored) == (1, 1)


def test_several_models_under_one_name_are_announced(run: Run) -> None:
    journal = [row("a", ("none",), key=str(n), snapshot=f"gpt-5-{n % 2}") for n in range(5)]
    judging = judging_of(run, {"gpt-5": run.answers}, {"gpt-5": journal})
    (notice,) = snapshot_notices(judging.costs)
    assert notice.startswith("Judge gpt-5 answered as gpt-5-0 (3) and gpt-5-1 (2): ")
    tables = tables_of(run, {"gpt-5": run.answers}, {"gpt-5": journal}, {})
    assert notice in view_of_judges(tables).runs[0].notices
    one = judging_of(run, {"gpt-5": run.answers}, {"gpt-5": journal[:1]})
    assert snapshot_notices(one.costs) == []
