from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import MismatchError
from harness.core.ids import sha256_bytes
from harness.core.records import Answer, Judgement, Relation, Status
from judges.protocols.answers import assemble
from judges.protocols.base import JudgingProtocol, Question
from judges.protocols.plan import Asked, plan_questions
from judges.protocols.registry import PROTOCOLS, find_protocol

PAPER = find_protocol("paper")
POOLED = find_protocol("pooled").model_copy(update={"chunk": 3})
PROBED = find_protocol("probe-control").model_copy(update={"chunk": 3})
SHUFFLED = PAPER.model_copy(update={"order": "shuffled"})
PROTOCOLS_USED = [*PROTOCOLS.values(), POOLED, PROBED, SHUFFLED]
IMAGES = {"p": "i", "q": "j"}
RELATIONS: tuple[Relation, ...] = ("concrete", "abstract", "global", "none")
FAILURES: tuple[Status, ...] = ("refusal", "truncated", "parse_error", "schema_error", "api_error")
WORD = st.one_of(st.text(max_size=3), st.sampled_from(["a", "b", "c", "", " "]))
QUESTIONS = st.lists(st.tuples(st.sampled_from("pq"), st.lists(WORD, max_size=5).map(tuple)))


def said(patch_id: str, word: str) -> Relation:
    """Return what an always equal judge says of a word."""
    return RELATIONS[int(sha256_bytes(f"{patch_id}/{word}".encode()), 16) % 4]


def judged(
    asked: Asked, status: Status = "ok", relate: Callable[[str, str], Relation] = said
) -> Judgement:
    return Judgement(
        key=f"{asked.patch_id}/{'/'.join(asked.words)}/{asked.check}",
        judge="j",
        judge_version="1",
        patch_id=asked.patch_id,
        words=asked.words,
        status=status,
        relations=tuple(relate(asked.patch_id, word) for word in asked.words)
        if status == "ok"
        else (),
    )


def answered(
    protocol: JudgingProtocol, questions: Sequence[Question], **more: Any
) -> dict[Question, Answer]:
    plan = plan_questions(protocol, questions, IMAGES, seed=3, **more)
    return assemble(protocol, questions, {asked: judged(asked) for asked in plan})


@pytest.mark.parametrize("protocol", PROTOCOLS_USED)
@given(questions=QUESTIONS)
def test_answers_do_not_depend_on_what_was_asked_together(
    protocol: JudgingProtocol, questions: list[Question]
) -> None:
    found = answered(protocol, questions)
    assert set(found) == set(questions)
    for (patch_id, words), answer in found.items():
        assert (answer.patch_id, answer.words, answer.status) == (patch_id, words, "ok")
    if protocol.shows == "words":
        alone = answered(PAPER, questions)
        assert {question: answer.relations for question, answer in found.items()} == {
            question: answer.relations for question, answer in alone.items()
        }


def test_relations_come_back_in_rank_order() -> None:
    relations: dict[str, Relation] = {"b": "global", "a": "concrete", "c": "none", "d": "abstract"}
    question: Question = ("p", ("b", "a", "", "b", "c", "d"))
    questions = [question, ("p", tuple("xyza")), ("q", tuple("klmn"))]
    for protocol in (PAPER, POOLED, PROBED, SHUFFLED):
        plan = plan_questions(protocol, questions, IMAGES, seed=3)
        replies = {
            each: judged(each, relate=lambda _, word: relations.get(word, "none")) for each in plan
        }
        assert assemble(protocol, questions, replies)[question].relations == (
            "global",
            "concrete",
            "none",
            "global",
            "none",
            "abstract",
        )


def test_a_shuffled_cell_keeps_what_was_said_of_each_of_two_equal_words() -> None:
    question: Question = ("p", ("a", "b", "a"))
    (asked,) = plan_questions(SHUFFLED, [question], {}, seed=1)
    relations: list[Relation] = ["none"] * 3
    relations[[place for place, word in enumerate(asked.words) if word == "a"][1]] = "global"
    reply = judged(asked).model_copy(update={"relations": tuple(relations)})
    answer = assemble(SHUFFLED, [question], {asked: reply})[question]
    assert answer.relations == ("none", "none", "global")


def test_what_shows_nothing_is_none_without_asking() -> None:
    question: Question = ("p", (" ", "\u200b"))
    for protocol in (PAPER, POOLED, PROBED):
        assert assemble(protocol, [question], {}) == {
            question: Answer(
                patch_id="p", words=question[1], status="ok", relations=("none", "none")
            )
        }


def split() -> tuple[list[Question], tuple[Asked, ...]]:
    """Return three questions on a pool of two chunks: in the first, in the second, in both."""
    words = tuple("abcdef")
    first, second = plan_questions(POOLED, [("p", words)], IMAGES, seed=3)
    questions: list[Question] = [
        ("p", first.words[:2]),
        ("p", second.words[:2]),
        ("p", (second.words[0], first.words[0])),
        ("p", words),
    ]
    assert plan_questions(POOLED, questions, IMAGES, seed=3) == (first, second)
    return questions, (first, second)


def test_a_pooled_answer_rests_on_every_chunk_that_holds_its_words() -> None:
    questions, (first, second) = split()
    keys = [judged(first).key, judged(second).key]
    found = assemble(POOLED, questions, {each: judged(each) for each in (first, second)})
    rests = [list(found[question].judgements) for question in questions]
    assert rests[:3] == [keys[:1], keys[1:], keys[::-1]]
    assert sorted(rests[3]) == sorted(keys)


@pytest.mark.parametrize("status", FAILURES)
def test_a_failed_chunk_leaves_its_words_unscored_and_no_others(status: Status) -> None:
    questions, (first, second) = split()
    found = assemble(POOLED, questions, {first: judged(first), second: judged(second, status)})
    assert [found[question].status for question in questions] == ["ok", status, status, status]
    assert [len(found[question].relations) for question in questions] == [2, 0, 0, 0]
    assert found[questions[2]].judgements == (judged(second).key, judged(first).key)


def test_the_first_failure_in_the_order_of_the_words_is_named() -> None:
    _, (first, second) = split()
    replies = {first: judged(first, "truncated"), second: judged(second, "api_error")}
    ahead: Question = ("p", (first.words[0], second.words[0]))
    behind: Question = ("p", ahead[1][::-1])
    found = assemble(POOLED, [ahead, behind], replies)
    assert [found[ahead].status, found[behind].status] == ["truncated", "api_error"]
    assert assemble(POOLED, [ahead, behind], dict(reversed(replies.items()))) == found


@pytest.mark.parametrize("status", FAILURES)
def test_a_failed_cell_has_the_status_of_its_call(status: Status) -> None:
    questions: list[Question] = [("p", ("a", "b")), ("q", ("a", "b"))]
    first, second = plan_questions(PAPER, questions, {}, seed=3)
    found = assemble(PAPER, questions, {first: judged(first), second: judged(second, status)})
    assert [found[question].status for question in questions] == ["ok", status]
    assert found[questions[1]].relations == ()
    assert found[questions[1]].judgements == (judged(second).key,)


def test_a_question_without_all_its_replies_is_left_out() -> None:
    questions, (first, second) = split()
    assert list(assemble(POOLED, questions, {first: judged(first)})) == questions[:1]
    assert list(assemble(POOLED, questions, {second: judged(second, "refusal")})) == questions[1:2]
    assert assemble(PAPER, questions, {}) == {}


@pytest.mark.parametrize("protocol", [PAPER, POOLED, PROBED])
def test_checks_answer_nothing(protocol: JudgingProtocol) -> None:
    questions: list[Question] = [("p", tuple("abcde")), ("q", tuple("vwxyz"))]
    more: Mapping[str, float] = {"repeat": 100, "reorder": 100}
    plan = plan_questions(protocol, questions, IMAGES, seed=3, **more)
    replies = {asked: judged(asked, "refusal" if asked.check else "ok") for asked in reversed(plan)}
    found = assemble(protocol, questions, replies)
    assert {answer.status for answer in found.values()} == {"ok"}
    checks = {asked: judged(asked) for asked in plan if asked.check}
    assert assemble(protocol, questions, checks) == {}


def test_probes_answer_nothing() -> None:
    asked = Asked("p", ("a", "probe"), probes=("probe",))
    found = assemble(PROBED, [("p", ("a",)), ("p", ("probe",))], {asked: judged(asked)})
    assert list(found) == [("p", ("a",))]


@pytest.mark.parametrize(
    "change", [{"patch_id": "q"}, {"words": ("b", "a")}, {"relations": ("none",)}]
)
def test_a_judgement_of_something_else_is_an_error(change: dict[str, Any]) -> None:
    asked = Asked("p", ("a", "b"))
    wrong = judged(asked).model_copy(update=change)
    with pytest.raises(MismatchError, match="filed for patch 'p'"):
        assemble(PAPER, [("p", ("a", "b"))], {asked: wrong})
