from __future__ import annotations

import pytest

from harness.core.agreement import Coefficients, Policy
from harness.core.ratings import JudgeReply, Rating
from harness.core.records import Relation
from human_eval.evidence import gather
from human_eval.words import word_coefficients
from tests.human_eval.studies import Made, cell, item, rating, reply

Words = tuple[Relation, Relation, Relation]


def found(made: Made, policy: Policy | None = None) -> Coefficients | None:
    evidence = gather(made.items, made.ratings, {"gpt": made.replies}, policy or Policy(), 0)
    return word_coefficients(evidence, "gpt")


def says(words: Words, annotator: str = "a", item_id: str = "x") -> Rating:
    state = "none" if set(words) == {"none"} else "selected"
    return Rating.model_validate(
        {"item_id": item_id, "annotator": annotator, "state": state, "relations": words}
    )


def judged(words: Words, item_id: str = "x") -> JudgeReply:
    return JudgeReply(item_id=item_id, judge="gpt", status="ok", relations=words)


def test_each_word_is_compared_with_what_most_people_say() -> None:
    made = Made(
        [item("x"), item("y")],
        [
            says(("concrete", "abstract", "none"), "a"),
            says(("concrete", "global", "none"), "b"),
            says(("abstract", "global", "none"), "c"),
            says(("concrete", "none", "none"), "a", "y"),
        ],
        [judged(("concrete", "global", "none")), judged(("abstract", "none", "global"), "y")],
    )
    result = found(made)
    assert result is not None
    assert (result.n, result.images) == (6, 2)
    assert result.percent.estimate == pytest.approx(4 / 6)
    # Four classes could be chosen: (4 * agreement - 1) / 3.
    assert result.pabak.estimate == pytest.approx((4 * 4 / 6 - 1) / 3)


def test_words_on_which_people_are_split_are_left_out() -> None:
    made = Made(
        [item("x")],
        [says(("concrete", "none", "global"), "a"), says(("abstract", "none", "global"), "b")],
        [judged(("concrete", "none", "none"))],
    )
    result = found(made)
    assert result is not None
    assert (result.n, result.percent.estimate) == (2, 0.5)


def test_blank_ratings_are_none_for_every_word_where_they_count() -> None:
    made = Made(
        [item("x")],
        [says(("concrete", "none", "none")), rating("x", "b", None), rating("x", "c", None)],
        [judged(("none", "none", "none"))],
    )
    missing, as_none = found(made), found(made, Policy(blank="none"))
    assert missing is not None and missing.percent.estimate == pytest.approx(2 / 3)
    assert as_none is not None and as_none.percent.estimate == 1


def test_there_is_nothing_to_compare_without_replies_to_the_items_words() -> None:
    strange = JudgeReply(
        item_id="x", judge="gpt", status="ok", relations=("concrete",), aligned=False
    )
    failed = JudgeReply(item_id="x", judge="gpt", status="refusal")
    for replies in ([], [strange], [failed]):
        assert found(Made([item("x")], [rating("x")], replies)) is None
    assert found(Made([item("x")], [], [reply("x")])) is None
    control = item("x", cell("random", kind="control"))
    assert found(Made([control], [rating("x")], [reply("x")])) is None


def test_words_have_the_weight_of_their_item() -> None:
    made = Made(
        [item("x", cell(weight=3)), item("y")],
        [says(("concrete",) * 3), says(("concrete",) * 3, item_id="y")],
        [judged(("concrete",) * 3), judged(("none",) * 3, "y")],
    )
    result = found(made)
    assert result is not None and result.percent.estimate == pytest.approx(3 / 4)
