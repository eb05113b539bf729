from __future__ import annotations

import pytest

from harness.core.records import Answer, LensKind
from reports.false_positives import control_rates, flag_disagreement, probe_rate
from reports.outcomes import join
from reports.scoring import score_outcomes, select
from reports.stats import wilson
from tests.reports.journals import row
from tests.reports.synthetic import JUDGE, make_run


def test_controls_have_the_rates_and_intervals_of_the_board() -> None:
    run = make_run(2, images=12, layers=(0, 3, 5))
    board = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    scores = {
        score.lens: score
        for score in select(score_outcomes(board, run.spec, run.kinds), JUDGE, "interpretable")
    }
    found = control_rates(board, run.kinds, run.spec.seed)
    assert [rate.lens for rate in found] == [
        lens for lens, kind in run.kinds.items() if kind == "control"
    ]
    for rate in found:
        score = scores[rate.lens]
        assert (rate.cells.count, rate.cells.n) == (score.hits, score.n)
        assert rate.cells.share == pytest.approx(score.estimate)
        assert (rate.cells.low, rate.cells.high) == (score.low, score.high)
        # At most one word of a made-up cell is related.
        assert (rate.words.count, rate.words.n) == (score.hits, score.n * run.spec.k)
        assert rate.words.low is None


def test_unscored_cells_do_not_count_as_right() -> None:
    kinds: dict[str, LensKind] = {"random-vector": "control"}
    run = make_run(2, images=2, per_image=2, layers=(0,), kinds=kinds, rate=lambda *_: 1.0)
    failed = next(iter(run.answers))
    run.answers[failed] = Answer(patch_id=failed[0], words=failed[1], status="truncated")
    (rate,) = control_rates(join(run.columns, run.answers, run.patches, run.spec, JUDGE), run.kinds)
    assert (rate.cells.count, rate.cells.n, rate.words.n) == (3, 3, 15)


def test_probe_words_called_related_are_counted_once() -> None:
    journal = [
        row("abc", ("concrete", "global", "none"), patch_id="1", probes=("b", "c")),
        row("abc", ("none", "none", "none"), patch_id="2", probes=("a",)),
        row("abc", ("concrete", "global", "none"), patch_id="1", probes=("b",), check="repeat"),
        row("abc", (), patch_id="3", probes=("a",), status="refusal"),
        row("abc", ("concrete",) * 3, patch_id="4"),
    ]
    found = probe_rate(journal)
    assert found
    assert (found.related.count, found.related.n) == (1, 3)
    assert (found.related.low, found.related.high) == wilson(1, 3)
    assert found.by_relation == {"global": 1}
    assert probe_rate(journal[4:]) is None


def test_a_flag_is_compared_with_what_was_listed() -> None:
    journal = [
        row("ab", ("concrete", "none"), patch_id="1", raw='{"interpretable": true}'),
        row("ab", ("none", "global"), patch_id="1", raw='{"interpretable": true}'),
        row("ab", ("none", "none"), patch_id="2", raw='{"interpretable": true}'),
        row("ab", ("global", "none"), patch_id="3", raw='```json\n{"interpretable": false}\n```'),
        row("ab", ("none", "none"), patch_id="4", raw='{"interpretable": false}'),
        row("ab", ("none", "none"), patch_id="5", raw='{"interpretable": "yes"}'),
        row("ab", ("none", "none"), patch_id="6", raw='{"verdicts": []}'),
        row("ab", ("none", "none"), patch_id="7", raw="no JSON {"),
        row("ab", ("none", "none"), patch_id="8", raw='{"a":' * 100_000 + "}"),
        row("ab", ("none", "none"), patch_id="9", raw='{"interpretable": true}', check="repeat"),
        row("ab", (), patch_id="0", raw='{"interpretable": true}', status="schema_error"),
    ]
    found = flag_disagreement(journal)
    assert found
    assert (found.count, found.n) == (2, 5)
    assert flag_disagreement(journal[5:9]) is None
