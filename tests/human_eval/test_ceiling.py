from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from harness.core.agreement import Ceiling, Policy
from human_eval.ceiling import ceiling
from human_eval.evidence import gather
from human_eval.leave_one_out import leave_one_out
from tests.human_eval.studies import Made, cant_tell, cell, item, rating, simulated


def found(made: Made, policy: Policy | None = None) -> Ceiling:
    evidence = gather(made.items, made.ratings, {}, policy or Policy(), 0)
    return ceiling(evidence, leave_one_out(evidence))


def asked(*rows: str) -> Made:
    """Return a study from one row of answers per item: y, n, ? (cannot tell) or - (not asked)."""
    made = Made()
    for place, row in enumerate(rows):
        made.items.append(item(f"{place}"))
        for who, letter in zip("abcd", row, strict=False):
            if letter in "yn":
                made.ratings.append(rating(f"{place}", who, letter == "y"))
            if letter == "?":
                made.ratings.append(cant_tell(f"{place}", who))
    return made


def test_every_two_people_are_compared_on_what_both_rated() -> None:
    pairs = {
        (pair.first, pair.second): pair
        for pair in found(asked("yy-", "yn-", "nny", "nn?", "-yy", "y--")).pairs
    }
    assert set(pairs) == {("a", "b"), ("a", "c"), ("b", "c")}
    both = pairs["a", "b"]
    assert both.percent.n == 4
    assert both.percent.estimate == pytest.approx(3 / 4)
    assert both.cohen_kappa.estimate == pytest.approx(cohen_kappa_score([1, 1, 0, 0], [1, 0, 0, 0]))
    assert pairs["a", "c"].percent.estimate == 0
    assert pairs["b", "c"].percent.estimate == pytest.approx(1 / 2)


def test_people_without_a_common_item_are_no_pair() -> None:
    assert found(asked("y-", "-n")).pairs == ()


def test_each_person_stands_beside_the_verdict_of_the_others() -> None:
    made = asked("yyn", "nyy", "nnn", "y--", "yy-", "?yy")
    result = {one.annotator: one.coefficients for one in found(made).leave_one_out}
    # a: y against (y n, a tie) = y; n against y; n against n; y against y.
    assert result["a"].n == 4
    assert result["a"].percent.estimate == pytest.approx(3 / 4)
    # b: y against (y n) = y; y against (n y) = y; n, n; y, y; y against y.
    assert result["b"].n == 5
    assert result["b"].percent.estimate == 1
    strict = found(made, Policy(ties="strict")).leave_one_out
    assert strict[0].coefficients.percent.estimate == pytest.approx(2 / 4)
    assert strict[1].coefficients.percent.estimate == pytest.approx(3 / 5)


def test_all_people_together_leave_out_what_does_not_count() -> None:
    coefficients = found(asked("yy", "nn", "yn", "y?", "y-")).coefficients
    assert coefficients.n == 3
    assert coefficients.percent.estimate == pytest.approx(2 / 3)


def test_controls_are_not_in_the_ceiling() -> None:
    made = asked("yy", "nn", "yn", "nn")
    plain = found(made)
    control = Made(
        [item("control", cell("random", kind="control"))],
        [rating("control", "a"), rating("control", "b", False)],
    )
    assert found(made + control) == plain


def test_one_person_has_nobody_to_agree_with() -> None:
    result = found(asked("y", "n"))
    assert result.pairs == ()
    assert result.coefficients.cohen_kappa.reason == "only one rater"
    (alone,) = result.leave_one_out
    assert (alone.coefficients.n, alone.coefficients.cohen_kappa.estimate) == (0, None)


def test_the_ceiling_falls_as_people_err() -> None:
    kappas = []
    for error in (0.02, 0.1, 0.25):
        made, _ = simulated(300, dict.fromkeys("abc", error), {})
        kappas.append(found(made).coefficients.cohen_kappa.estimate)
    assert all(kappa is not None for kappa in kappas)
    assert kappas == sorted(kappas, key=lambda kappa: -(kappa or 0))


def test_answers_of_others_follow_the_pooling() -> None:
    made = asked("nyn")
    evidence = gather(made.items, made.ratings, {}, Policy(pooling="any"), 0)
    assert [one.others.tolist() for one in leave_one_out(evidence)] == [[1], [0], [1]]
    evidence = gather(made.items, made.ratings, {}, Policy(pooling="all"), 0)
    assert [one.others.tolist() for one in leave_one_out(evidence)] == [[0], [0], [0]]
    np.testing.assert_array_equal(leave_one_out(evidence)[1].own, [1])
