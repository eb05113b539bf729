from __future__ import annotations

from reports.scoring import score_run
from reports.text import board_text
from tests.reports.synthetic import JUDGE, make_run


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
