from __future__ import annotations

import numpy as np
import pytest

from harness.core.agreement import Policy
from harness.core.errors import DataError
from harness.core.ratings import JudgeReply, Rating
from human_eval.evidence import Evidence, gather
from tests.human_eval.studies import Made, cant_tell, cell, item, rating, reply

NAN = float("nan")


def evidence(made: Made, policy: Policy | None = None) -> Evidence:
    return gather(made.items, made.ratings, {"gpt": made.replies}, policy or Policy(), 0)


def test_everything_is_put_beside_its_item() -> None:
    made = Made(
        [item("z", image="one"), item("a", image="two"), item("m", image="one")],
        [rating("z", "b"), rating("z", "a", False), rating("m", "b", False), cant_tell("a", "a")],
        [reply("m", relation="global"), reply("z", False)],
    )
    found = evidence(made)
    assert [one.item_id for one in found.items] == ["a", "m", "z"]
    assert found.images(np.array([True, False, True])) == ["two", "one"]
    assert found.annotators == ["a", "b"]
    assert [one.annotator for one in found.ratings[2]] == ["a", "b"]
    np.testing.assert_array_equal(found.people(), [NAN, 0, 1])
    np.testing.assert_array_equal(found.judge("gpt"), [NAN, 1, 0])
    np.testing.assert_array_equal(found.answers(), [[NAN, NAN], [NAN, 0], [0, 1]])


def test_a_relation_is_asked_for_whatever_the_definition() -> None:
    made = Made([item("x")], [rating("x", relation="abstract")], [reply("x", relation="global")])
    found = evidence(made, Policy(definition="concrete"))
    assert (found.people()[0], found.judge("gpt")[0]) == (0, 0)
    assert (found.people("abstract")[0], found.judge("gpt", "abstract")[0]) == (1, 0)
    assert (found.people("global")[0], found.judge("gpt", "global")[0]) == (0, 1)


def test_blank_ratings_are_none_of_every_relation_where_they_count() -> None:
    made = Made([item("x")], [rating("x", "a", None)])
    assert np.isnan(evidence(made).people("abstract")[0])
    assert evidence(made, Policy(blank="none")).people("abstract")[0] == 0


def test_only_cells_of_lenses_have_weight() -> None:
    made = Made(
        [
            item("x", cell(weight=2), cell(layer=1, weight=3), cell("random", kind="control")),
            item("y", cell("random", kind="control", weight=7)),
        ]
    )
    assert evidence(made).tested.tolist() == [5, 0]


@pytest.mark.parametrize("status", ["refusal", "truncated", "api_error"])
def test_a_failed_reply_is_no_verdict(status: str) -> None:
    failed = JudgeReply.model_validate({"item_id": "x", "judge": "gpt", "status": status})
    assert np.isnan(evidence(Made([item("x")], [], [failed])).judge("gpt")[0])


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (Made([item("x"), item("x")]), "item x is there 2 times; expected every item once"),
        (
            Made([item("x")], [rating("y", "ann")]),
            "rating of item y by ann: unknown item; expected one of the 1 items given",
        ),
        (
            Made([item("x")], [], [reply("y")]),
            "reply of item y by gpt: unknown item; expected one of the 1 items given",
        ),
        (
            Made([item("x")], [rating("x"), rating("x", "a", False)]),
            "rating of item x by a is there twice; expected one rating",
        ),
        (
            Made([item("x")], [], [reply("x"), reply("x")]),
            "reply of item x by gpt is there twice; expected one reply",
        ),
        (
            Made(
                [item("x")],
                [Rating(item_id="x", annotator="a", state="selected", relations=("concrete",))],
            ),
            "rating of item x by a has 1 relations; expected one for each of its 3 words",
        ),
        (
            Made([item("x")], [], [JudgeReply(item_id="x", judge="gpt", status="ok")]),
            "reply of item x by gpt has 0 relations; expected one for each of its 3 words",
        ),
    ],
)
def test_what_does_not_belong_together_is_named(made: Made, message: str) -> None:
    with pytest.raises(DataError) as error:
        evidence(made)
    assert str(error.value) == message


def test_a_judge_may_have_seen_other_words() -> None:
    other = JudgeReply(
        item_id="x", judge="gpt", status="ok", relations=("abstract",), aligned=False
    )
    assert evidence(Made([item("x")], [], [other])).judge("gpt")[0] == 1
