from __future__ import annotations

import pytest
from sklearn.metrics import cohen_kappa_score

from harness.core.agreement import Policy
from harness.core.ratings import JudgeReply
from human_eval.comparison import comparisons
from human_eval.evidence import gather
from tests.human_eval.studies import Made, cell, item, rating, reply, simulated


def test_two_judges_are_compared_on_the_items_that_both_scored() -> None:
    made = Made([item(name) for name in "uvwxyz"], [rating(n, hit=n in "uvx") for n in "uvwxy"])
    one = [reply(name, name in "uvw", judge="one") for name in "uvwxz"]
    two = [reply(name, name in "uxy", judge="two") for name in "uvwxy"]
    evidence = gather(made.items, made.ratings, {"one": one, "two": two}, Policy(), 0)
    (found,) = comparisons(evidence)
    people, first, second = [1, 1, 0, 1], [1, 1, 1, 0], [1, 0, 0, 1]
    assert (found.first, found.second, found.n) == ("one", "two", 4)
    assert found.first_kappa.estimate == pytest.approx(cohen_kappa_score(first, people))
    assert found.second_kappa.estimate == pytest.approx(cohen_kappa_score(second, people))
    assert found.difference.estimate == pytest.approx(
        cohen_kappa_score(first, people) - cohen_kappa_score(second, people)
    )
    assert found.same.estimate == pytest.approx(1 / 4)


def test_the_better_judge_is_told_apart() -> None:
    made, replies = simulated(400, {"a": 0.05}, {"good": 0.05, "bad": 0.3})
    evidence = gather(made.items, made.ratings, replies, Policy(), 0)
    (found,) = comparisons(evidence)
    assert found.difference.interval is not None and found.difference.interval[0] > 0
    swapped = gather(made.items, made.ratings, dict(reversed(replies.items())), Policy(), 0)
    (other,) = comparisons(swapped)
    assert (other.first, other.first_kappa) == ("bad", found.second_kappa)


def test_controls_do_not_count_and_every_two_judges_are_there() -> None:
    control = item("c", cell("random", kind="control"))
    replies = {judge: [reply("c", judge=judge)] for judge in ("x", "y", "z")}
    evidence = gather([control], [rating("c")], replies, Policy(), 0)
    found = comparisons(evidence)
    assert [(one.first, one.second) for one in found] == [("x", "y"), ("x", "z"), ("y", "z")]
    for one in found:
        assert (one.n, one.difference.estimate, one.same.estimate) == (0, None, None)
        assert one.difference.reason and one.same.reason


def test_unscored_items_of_either_are_no_common_items() -> None:
    failed = JudgeReply(item_id="u", judge="two", status="refusal")
    replies = {"one": [reply("u"), reply("v")], "two": [failed, reply("v")]}
    evidence = gather([item("u"), item("v")], [rating("u"), rating("v")], replies, Policy(), 0)
    assert comparisons(evidence)[0].n == 1
