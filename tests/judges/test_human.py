from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.core.errors import DataError, UsageError
from harness.core.ratings import HumanLabel
from harness.core.records import Judgement, Relation
from judges.human import HumanJudge, verdict
from tests.judges.labels import question
from tests.judges.offline import write_labels

WORDS = ("dog", "boat", "the")
SEEN: tuple[Relation, ...] = ("concrete", "global", "none")
RELATIONS: tuple[Relation, ...] = ("concrete", "abstract", "global", "none")
GROUPS = st.lists(st.sampled_from(RELATIONS), min_size=1, max_size=7)


def label(
    annotator: str,
    relations: tuple[Relation, ...] = SEEN,
    words: tuple[str, ...] = WORDS,
    *,
    cant_tell: bool = False,
) -> HumanLabel:
    given = () if cant_tell else relations
    return HumanLabel(
        annotator=annotator,
        patch_id="p0",
        words=words,
        relations=given,
        cant_tell=cant_tell,
        seconds=4.5,
    )


def said(run: Path, *labels: HumanLabel, words: tuple[str, ...] = WORDS) -> Judgement:
    judge = HumanJudge(write_labels(run, labels))
    (answer,) = judge.judge([question(judge, words)])
    return answer


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("c", "concrete"),
        ("n", "none"),
        ("ccn", "concrete"),
        ("cnn", "none"),
        ("gg", "global"),
        ("cn", None),
        ("ccnn", None),
        ("cagnnn", None),
        ("cag", "concrete"),
        ("ag", "abstract"),
        ("aggcn", "global"),
        ("agagn", "abstract"),
        ("cagn", "concrete"),
        ("gacnn", "concrete"),
        ("aacnn", "abstract"),
        ("ccaan", "concrete"),
    ],
)
def test_what_a_group_says_of_a_word(group: str, expected: Relation | None) -> None:
    names = {relation[0]: relation for relation in RELATIONS}
    assert verdict([names[letter] for letter in group]) == expected


@given(GROUPS.flatmap(lambda group: st.tuples(st.just(group), st.permutations(group))))
def test_a_group_has_no_order(groups: tuple[list[Relation], list[Relation]]) -> None:
    group, turned = groups
    assert verdict(turned) == verdict(group)


@given(GROUPS)
def test_a_verdict_follows_the_majorities(group: list[Relation]) -> None:
    found = verdict(group)
    related = sum(relation != "none" for relation in group)
    assert (found is None) == (2 * related == len(group))
    assert found in {*group, None}
    if found is not None:
        assert (found != "none") == (2 * related > len(group))
    for relation in RELATIONS:
        if 2 * group.count(relation) > len(group):
            assert found == relation


def test_labels_of_one_question_become_its_answer(tmp_path: Path) -> None:
    other: tuple[Relation, ...] = ("concrete", "none", "none")
    answer = said(tmp_path, label("a"), label("b"), label("c", other))
    assert (answer.status, answer.relations) == ("ok", SEEN)
    assert (answer.judge, answer.cost_usd, answer.calls) == ("human", 0.0, ())


def test_the_words_may_have_been_shown_in_another_order(tmp_path: Path) -> None:
    turned = label("b", ("none", "concrete", "global"), ("the", "dog", "boat"))
    answer = said(tmp_path, label("a"), turned, label("c"), words=("boat", "the", "dog"))
    assert answer.relations == ("global", "none", "concrete")


def test_a_word_shown_twice_is_judged_by_place(tmp_path: Path) -> None:
    twice = label("a", ("concrete", "none", "global"), ("dog", "sun", "dog"))
    answer = said(tmp_path, twice, words=("dog", "dog", "sun"))
    assert answer.relations == ("concrete", "global", "none")


def test_one_word_without_a_majority_leaves_the_question_open(tmp_path: Path) -> None:
    answer = said(tmp_path, label("a"), label("b", ("concrete", "none", "none")))
    assert (answer.status, answer.relations) == ("refusal", ())
    assert answer.error == "no majority of 2 annotators"


def test_those_who_could_not_tell_do_not_count(tmp_path: Path) -> None:
    unsure = [label("b", cant_tell=True), label("c", cant_tell=True)]
    assert said(tmp_path, label("a"), *unsure).relations == SEEN
    answer = said(tmp_path, *unsure)
    assert (answer.status, answer.error) == ("refusal", "none of 2 annotators could tell")


def test_a_persons_last_label_counts(tmp_path: Path) -> None:
    first = label("a", ("none", "none", "none"))
    assert said(tmp_path, first, label("a")).relations == SEEN


@pytest.mark.parametrize("words", [("dog", "boat"), ("dog", "boat", "The")])
def test_what_nobody_rated_is_a_refusal(tmp_path: Path, words: tuple[str, ...]) -> None:
    answer = said(tmp_path, label("a"), words=words)
    assert (answer.status, answer.error) == ("refusal", "nobody rated this")


def test_another_patch_is_another_question(tmp_path: Path) -> None:
    judge = HumanJudge(write_labels(tmp_path, [label("a")]))
    (answer,) = judge.judge([question(judge, WORDS, "p1")])
    assert answer.error == "nobody rated this"


def test_the_version_is_that_of_the_labels(tmp_path: Path) -> None:
    one = HumanJudge(write_labels(tmp_path, [label("a")])).version
    same = HumanJudge(write_labels(tmp_path, [label("a")])).version
    more = HumanJudge(write_labels(tmp_path, [label("a"), label("b")])).version
    assert one == same != more


def test_without_labels_there_is_no_judge(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="harness judge RUN --judge human"):
        HumanJudge(None)
    with pytest.raises(UsageError, match=r"has no labels.parquet; import people's labels"):
        HumanJudge(tmp_path)
    (tmp_path / "labels.parquet").write_bytes(b"no table")
    with pytest.raises(DataError, match="cannot read"):
        HumanJudge(tmp_path)


@pytest.mark.parametrize(("relations", "cant_tell"), [(SEEN[:2], False), ((), False), (SEEN, True)])
def test_a_label_has_one_relation_per_word_or_none(
    relations: tuple[Relation, ...], cant_tell: bool
) -> None:
    with pytest.raises(ValidationError, match="expected [03]"):
        HumanLabel(
            annotator="a", patch_id="p", words=WORDS, relations=relations, cant_tell=cant_tell
        )
