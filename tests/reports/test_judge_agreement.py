from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from harness.core.records import LensKind, Relation
from reports.judge_agreement import judge_agreements
from reports.outcomes import Outcomes, join
from tests.reports.journals import noisy
from tests.reports.synthetic import Run, make_run


def boards(run: Run, *slips: float) -> list[Outcomes]:
    found = []
    for index, slip in enumerate(slips):
        answers, _ = noisy(run.answers, f"judge-{index}", slip)
        found.append(join(run.columns, answers, run.patches, run.spec, f"judge-{index}"))
    return found


def test_every_two_judges_are_compared_on_what_both_scored() -> None:
    run = make_run(5, images=8, layers=(0, 3))
    judges = boards(run, 0.05, 0.2, 0.4)
    found = judge_agreements(judges, run.kinds)
    assert [(row.first, row.second, row.rows) for row in found] == [
        (f"judge-{a}", f"judge-{b}", rows)
        for a, b in ((0, 1), (0, 2), (1, 2))
        for rows in ("all", "lens", "control")
    ]
    lenses = [lens for lens, kind in run.kinds.items() if kind == "lens"]
    a, b = (
        np.concatenate([board.hits(lens, None, "interpretable").ravel() for lens in lenses])
        for board in judges[:2]
    )
    both = ~np.isnan(a) & ~np.isnan(b)
    row = found[1]
    assert 0 < both.sum() < len(a)
    assert (row.same.count, row.same.n) == ((a[both] == b[both]).sum(), both.sum())
    assert row.first_rate == pytest.approx(a[both].mean())
    assert row.second_rate == pytest.approx(b[both].mean())
    assert row.kappa.value == pytest.approx(cohen_kappa_score(a[both], b[both]))
    assert row.same_words.n == both.sum() * run.spec.k
    assert row.same.low is not None
    assert row.same.high is not None
    assert row.same.low < (row.same.share or 0.0) < row.same.high
    assert found[0].same.n == found[1].same.n + found[2].same.n


def test_words_are_compared_by_their_relation() -> None:
    """The same verdict everywhere, and another relation for every related word."""
    run = make_run(5, images=4, layers=(0,))
    swap: dict[Relation, Relation] = {
        "concrete": "global",
        "abstract": "concrete",
        "global": "abstract",
        "none": "none",
    }
    turned = {
        key: one.model_copy(update={"relations": tuple(swap[each] for each in one.relations)})
        for key, one in run.answers.items()
    }
    pair = [join(run.columns, each, run.patches, run.spec, "j") for each in (run.answers, turned)]
    row = judge_agreements(pair, run.kinds)[0]
    assert (row.same.share, row.kappa.value) == (1.0, 1.0)
    assert row.same_words.n - row.same_words.count == sum(run.hits.values())


def test_nothing_in_common_is_undefined_and_not_zero() -> None:
    kinds: dict[str, LensKind] = {"latent": "lens"}
    run = make_run(5, images=3, layers=(0,), kinds=kinds)
    pair = [join(run.columns, each, run.patches, run.spec, "j") for each in (run.answers, {})]
    (row,) = judge_agreements(pair, run.kinds)
    assert (row.rows, row.same.share, row.same.low) == ("lens", None, None)
    assert (row.first_rate, row.second_rate, row.kappa.value) == (None, None, None)
    assert row.same_words.share is None
    assert judge_agreements(pair[:1], run.kinds) == ()
