from __future__ import annotations

from reports.costs_text import costs_text
from reports.judging import Judging
from reports.scoring import score_run
from reports.text import board_text, judging_text
from tests.reports.journals import judged_tables, view_of_judges
from tests.reports.synthetic import JUDGE, make_run, view_of


def test_lenses_are_listed_by_mean_and_controls_after_a_rule() -> None:
    run = make_run(0)
    scores = score_run(run.columns, run.answers, run.patches, run.spec, run.kinds, JUDGE)
    lines = board_text(scores).splitlines()
    names = [line.split()[0] for line in lines]
    assert lines[0] == "interpretable, judge ground-truth, mean over layers"
    assert names[1] == "lens"
    rules = [i for i, line in enumerate(lines) if set(line) == {"-"}]
    assert rules[0] == 2
    assert names[3] == "latent"
    assert set(names[3 : rules[1]]) == {"latent", "logit", "embedding"}
    assert all(run.kinds[name] == "control" for name in names[rules[1] + 1 :])
    assert len({len(line) for line in lines[1:]}) == 1


def test_a_row_holds_mean_interval_best_layer_and_counts() -> None:
    run = make_run(0)
    scores = score_run(run.columns, run.answers, run.patches, run.spec, run.kinds, JUDGE)
    chosen = [s for s in scores if s.lens == "logit" and s.definition == "interpretable"]
    mean = next(s for s in chosen if s.layer is None)
    best = max((s for s in chosen if s.layer is not None), key=lambda s: s.estimate or 0.0)
    row = next(line for line in board_text(scores).splitlines() if line.startswith("logit"))
    assert row.split() == [
        "logit",
        f"{mean.estimate:.3f}",
        f"[{mean.low:.3f},",
        f"{mean.high:.3f}]",
        str(best.layer),
        f"({best.estimate:.3f})",
        str(mean.n),
        "0",
    ]


def test_an_unjudged_run_says_so() -> None:
    run = make_run(0, images=2)
    scores = score_run(run.columns, None, run.patches, run.spec, run.kinds)
    assert board_text(scores).startswith("judge none: nothing was scored")


def test_judges_have_a_line_per_check_and_pair() -> None:
    run = make_run(4, images=8, layers=(0, 3))
    judging = view_of_judges(judged_tables(run, {"gpt-5": 0.1, "claude": 0.2})).runs[0].judging
    lines = judging_text(judging).splitlines()
    again = judging.checks[0].repeat
    assert again
    assert lines[0] == (
        f"judge gpt-5, asked again: same relation for {again.same_words.share:.3f} of "
        f"{again.same_words.n} words ({again.kappa}), same verdict on "
        f"{again.same_questions.share:.3f} of {again.same_questions.n} questions"
    )
    assert lines[1].startswith("judge gpt-5, other word order: relation changed for 0.")
    assert lines[2].startswith("judge gpt-5, own flag against its lists: 0.")
    (lenses,) = [row for row in judging.agreements if row.rows == "lens"]
    assert lines[6] == (
        f"judges gpt-5 and claude: same verdict on {lenses.same.share:.3f} of {lenses.same.n} "
        f"cells of lenses ({lenses.kappa}; rates {lenses.first_rate:.3f} and "
        f"{lenses.second_rate:.3f})"
    )
    assert lines[7:] == costs_text(judging.costs).splitlines()
    assert lines[7].startswith("judge gpt-5: $")


def test_a_judge_without_checks_has_no_line() -> None:
    assert judging_text(view_of(make_run(4, images=3, layers=(0,))).runs[0].judging) == ""
    assert judging_text(Judging()) == ""


def test_a_panel_is_listed_before_its_judges() -> None:
    run = make_run(4, images=4, layers=(0,))
    tables = judged_tables(run, {"a": 0.1, "b": 0.2})
    headings = [line for line in board_text(tables.scores).splitlines() if "judge" in line]
    assert headings == [
        f"interpretable, judge {judge}, mean over layers"
        for judge in ("panel:majority(a,b)", "a", "b")
    ]
