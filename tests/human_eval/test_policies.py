from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.agreement import HumanDefinition, Policy
from harness.core.ratings import Rating
from harness.core.records import Relation
from human_eval.policies import answer, counted, is_hit, other_policies, pooled, verdict
from tests.human_eval.studies import cant_tell, rating

DEFINITIONS: tuple[HumanDefinition, ...] = ("concrete", "concrete+abstract", "any")
RELATIONS: tuple[Relation, ...] = ("concrete", "abstract", "global", "none")
WORDS = st.lists(st.sampled_from(RELATIONS), min_size=1, max_size=4).map(tuple)


def given_rating(relations: tuple[Relation, ...], annotator: str = "a") -> Rating:
    state = "none" if set(relations) == {"none"} else "selected"
    return Rating.model_validate(
        {"item_id": "x", "annotator": annotator, "state": state, "relations": relations}
    )


RATINGS = st.one_of(
    WORDS.map(given_rating), st.just(cant_tell("x")), st.just(rating("x", "a", None))
)


@pytest.mark.parametrize(
    ("relation", "hits"),
    [("concrete", "yyy"), ("abstract", "nyy"), ("global", "nny"), ("none", "nnn")],
)
def test_each_definition_wants_its_relations(relation: Relation, hits: str) -> None:
    found = [is_hit(("none", relation), definition) for definition in DEFINITIONS]
    assert found == [letter == "y" for letter in hits]


def test_no_words_are_no_hit() -> None:
    assert not any(is_hit((), definition) for definition in DEFINITIONS)


@given(WORDS)
def test_definitions_are_nested(words: tuple[Relation, ...]) -> None:
    concrete, both, either = (is_hit(words, definition) for definition in DEFINITIONS)
    assert concrete <= both <= either


@given(st.lists(RATINGS, max_size=5))
def test_verdicts_are_nested_over_definitions(ratings: list[Rating]) -> None:
    found = [verdict(ratings, Policy(definition=definition)) for definition in DEFINITIONS]
    if found[0] is None:
        assert found == [None] * 3
    else:
        assert found == sorted(found, key=bool)


@given(st.lists(st.sampled_from([True, False, None]), max_size=7))
def test_pooling_goes_from_any_to_all(answers: list[bool | None]) -> None:
    order = (
        Policy(pooling="all"),
        Policy(ties="strict"),
        Policy(ties="half"),
        Policy(pooling="any"),
    )
    found = [pooled(answers, policy) for policy in order]
    if set(answers) <= {None}:
        assert found == [None] * 4
    else:
        assert found == sorted(found, key=bool)


@pytest.mark.parametrize(
    ("hits", "of", "half", "strict", "either", "every"),
    [
        (0, 2, False, False, False, False),
        (1, 2, True, False, True, False),
        (1, 3, False, False, True, False),
        (2, 3, True, True, True, False),
        (2, 4, True, False, True, False),
        (3, 3, True, True, True, True),
        (1, 1, True, True, True, True),
    ],
)
def test_how_many_people_it_takes(
    hits: int, of: int, half: bool, strict: bool, either: bool, every: bool
) -> None:
    answers = [True] * hits + [False] * (of - hits)
    assert pooled(answers, Policy()) is half
    assert pooled(answers, Policy(ties="strict")) is strict
    for ties in ("half", "strict"):
        assert pooled(answers, Policy.model_validate({"pooling": "any", "ties": ties})) is either
        assert pooled(answers, Policy.model_validate({"pooling": "all", "ties": ties})) is every


def test_a_blank_rating_counts_only_where_the_policy_says_so() -> None:
    blank = rating("x", "a", None)
    assert answer(blank, Policy()) is None
    assert answer(blank, Policy(blank="none")) is False
    assert verdict([blank, rating("x", "b")], Policy(pooling="all")) is True
    assert verdict([blank, rating("x", "b")], Policy(pooling="all", blank="none")) is False


def test_who_cannot_tell_never_counts() -> None:
    for policy in other_policies(Policy(), blanks=True):
        assert counted(cant_tell("x"), policy) is None
        assert verdict([cant_tell("x"), cant_tell("x", "b")], policy) is None
        assert verdict([cant_tell("x"), rating("x", "b")], policy) is True
        assert verdict([cant_tell("x"), rating("x", "b", False)], policy) is False


@given(st.lists(RATINGS, max_size=5))
def test_reading_blank_as_none_makes_no_new_hit_but_under_any(ratings: list[Rating]) -> None:
    missing = verdict(ratings, Policy())
    as_none = verdict(ratings, Policy(blank="none"))
    if missing is not None:
        assert as_none is not None and as_none <= missing
    kept = verdict(ratings, Policy(pooling="any"))
    assert bool(kept) is bool(verdict(ratings, Policy(pooling="any", blank="none")))


def test_every_other_policy_is_there_once_with_the_one_in_use() -> None:
    fields = ("missing", "none"), ("half", "strict"), ("majority", "any", "all"), DEFINITIONS
    for blank, ties, pooling, definition in product(*fields):
        policy = Policy.model_validate(
            {"blank": blank, "ties": ties, "pooling": pooling, "definition": definition}
        )
        for blanks, number in ((True, 24), (False, 12)):
            found = other_policies(policy, blanks=blanks)
            assert len(found) == number
            assert found.count(policy) == 1
            assert len({one.model_dump_json() for one in found}) == number
