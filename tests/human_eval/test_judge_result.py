from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.core.agreement import Confusion, JudgeResult, Policy
from harness.core.ratings import JudgeReply
from harness.core.records import Relation, Status
from human_eval.evidence import gather
from human_eval.groups import groups
from human_eval.judge_result import judge_result
from human_eval.leave_one_out import leave_one_out
from tests.human_eval.studies import Made, cell, from_counts, item, rating, reply, simulated


def result(made: Made, policy: Policy | None = None) -> JudgeResult:
    evidence = gather(made.items, made.ratings, {"gpt": made.replies}, policy or Policy(), 0)
    return judge_result(evidence, "gpt", groups(evidence), leave_one_out(evidence))


def failed(item_id: str, status: Status = "api_error") -> JudgeReply:
    return JudgeReply(item_id=item_id, judge="gpt", status=status)


def hits(rows: Sequence[tuple[float, bool, bool]]) -> Made:
    """Return a study with one item to an image, of (weight, people's hit, judge's hit)."""
    made = Made()
    for place, (weight, human, machine) in enumerate(rows):
        made.items.append(item(f"{place}", cell(weight=weight)))
        made.ratings.append(rating(f"{place}", hit=human))
        made.replies.append(reply(f"{place}", machine))
    return made


def test_figures_of_a_group_are_weighted_and_counts_are_not() -> None:
    rows = [(3, True, True), (1, True, False), (2, False, False), (4, False, True)]
    group = result(hits([(float(w), h, j) for w, h, j in rows])).groups[0]
    assert group.confusion == Confusion(both=1, judge_only=1, people_only=1, neither=1)
    assert group.coefficients.n == 4
    assert group.sensitivity.estimate == pytest.approx(3 / 4)
    assert group.sensitivity.n == 2
    assert group.specificity.estimate == pytest.approx(2 / 6)
    assert group.human_rate.estimate == pytest.approx(4 / 10)
    assert group.judge_rate.estimate == pytest.approx(7 / 10)
    assert group.bias.estimate == pytest.approx(3 / 10)
    assert group.coefficients.percent.estimate == pytest.approx(5 / 10)


def test_unscored_is_counted_and_never_a_miss() -> None:
    made = from_counts(30, 8, 6, 40, lens="latent")
    plain = result(made)
    extra = [item(f"extra-{place}") for place in range(4)]
    more = made + Made(
        [*extra, item("unrated")],
        [rating(one.item_id) for one in extra],
        [
            failed("extra-0"),
            failed("extra-1", "refusal"),
            failed("extra-2"),
            failed("unrated", "truncated"),
        ],
    )
    found = result(more)
    assert found.unscored == {"api_error": 2, "missing": 1, "refusal": 1}
    assert found.groups == plain.groups
    assert plain.unscored == {}


def test_sensitivity_without_hits_of_people_says_why() -> None:
    group = result(hits([(1, False, True), (1, False, False)])).groups[0]
    assert group.sensitivity.estimate is None
    assert group.sensitivity.reason == "people call none of these items a hit"
    assert group.specificity.estimate == 0.5
    group = result(hits([(1, True, True), (1, True, False)])).groups[0]
    assert group.specificity.reason == "people call each of these items a hit"


def test_lenses_have_their_own_errors() -> None:
    made = from_counts(94, 23, 32, 211, lens="embedding") + from_counts(
        127, 31, 20, 122, lens="latent"
    )
    by_lens = {group.name: group for group in result(made).groups if group.by == "lens"}
    assert by_lens["embedding"].sensitivity.estimate == pytest.approx(94 / 126)
    assert by_lens["embedding"].specificity.estimate == pytest.approx(211 / 234)
    assert by_lens["latent"].sensitivity.estimate == pytest.approx(127 / 147)
    assert by_lens["latent"].specificity.estimate == pytest.approx(122 / 153)
    assert by_lens["embedding"].bias.estimate == pytest.approx(-9 / 360)
    assert by_lens["latent"].bias.estimate == pytest.approx(11 / 300)


def test_categories_ask_for_one_relation_pooled_by_the_policy() -> None:
    said: list[tuple[Relation, Relation]] = [
        ("concrete", "concrete"),
        ("abstract", "concrete"),
        ("abstract", "abstract"),
    ]
    made = Made(
        [item(f"{place}") for place in range(3)],
        [
            rating(f"{place}", annotator, relation=relation)
            for place, pair in enumerate(said)
            for annotator, relation in zip("ab", pair, strict=True)
        ],
        [reply("0"), reply("1", relation="abstract"), reply("2", relation="global")],
    )
    counts = {
        group.name: group.confusion.model_dump()
        for group in result(made, Policy(ties="strict")).groups
        if group.by == "category"
    }
    keys = ("both", "judge_only", "people_only", "neither")
    assert [counts["concrete"][key] for key in keys] == [1, 0, 0, 2]
    assert [counts["abstract"][key] for key in keys] == [0, 1, 1, 1]
    assert [counts["global"][key] for key in keys] == [0, 1, 0, 2]
    counts = {group.name: group.confusion.model_dump() for group in result(made).groups}
    # Half of the people are enough: item 1 is both concrete and abstract.
    assert [counts["concrete"][key] for key in keys] == [1, 0, 1, 1]
    assert [counts["abstract"][key] for key in keys] == [1, 0, 1, 1]


def test_the_judge_stands_where_each_person_stood() -> None:
    made, replies = simulated(60, {"a": 0.1, "b": 0.2, "c": 0.3}, {"gpt": 0.15})
    found = result(Made(made.items, made.ratings, replies["gpt"]))
    for annotator, coefficients in zip("abc", found.against_others, strict=True):
        others = [one for one in made.ratings if one.annotator != annotator]
        alone = result(Made(made.items, others, replies["gpt"]))
        assert coefficients == alone.groups[0].coefficients


def test_the_judge_is_compared_with_others_only_where_the_person_answered() -> None:
    made = hits([(1, True, True), (1, False, False), (1, True, False), (1, False, True)])
    for place in range(4):
        made.ratings.append(rating(f"{place}", "b", place % 2 == 0))
    made.ratings.append(rating("0", "c", False))
    found = result(made)
    # a and b rated all four items; c only one.
    assert [one.n for one in found.against_others] == [4, 4, 1]
