"""What every registered judge must keep to, built in or from a plug-in."""

from __future__ import annotations

import dataclasses

import pytest

from harness.core.records import Judgement
from judges.base import Judge, JudgeRequest, request_key
from judges.registry import JUDGES, make_judge
from tests.judges.labels import DOG, LABELS

WORDS = ("dog", "loyal", "boat", "the", "tail")
NAMES = [name for name in JUDGES.names() if name != "none"]


def made(name: str) -> Judge:
    judge = make_judge(name)
    assert judge is not None
    return judge


def question(judge: Judge, words: tuple[str, ...], patch_id: str = "p0") -> JudgeRequest:
    key = request_key(judge.name, judge.version, patch_id, words)
    return JudgeRequest(key=key, patch_id=patch_id, words=words, labels=LABELS)


def ask(judge: Judge, *requests: JudgeRequest) -> dict[str, Judgement]:
    return {answer.key: answer for answer in judge.judge(requests)}


def test_a_question_has_no_room_for_the_name_of_a_lens_or_a_layer() -> None:
    fields = {field.name for field in dataclasses.fields(JudgeRequest)}
    assert fields == {"key", "patch_id", "words", "labels", "render"}


@pytest.mark.parametrize("name", NAMES)
def test_every_question_is_answered_once_under_its_key(name: str) -> None:
    judge = made(name)
    requests = [question(judge, WORDS), question(judge, WORDS[:2]), question(judge, WORDS, "p1")]
    answers = list(judge.judge(requests))
    assert sorted(a.key for a in answers) == sorted(r.key for r in requests)
    by_key = {answer.key: answer for answer in answers}
    for request in requests:
        answer = by_key[request.key]
        assert (answer.judge, answer.judge_version) == (judge.name, judge.version)
        assert (answer.patch_id, answer.words) == (request.patch_id, request.words)


@pytest.mark.parametrize("name", NAMES)
def test_only_an_answer_in_order_has_relations_and_then_one_per_word(name: str) -> None:
    judge = made(name)
    bare = dataclasses.replace(question(judge, WORDS, "p1"), labels=None)
    answers = ask(judge, question(judge, WORDS), bare)
    for answer in answers.values():
        assert len(answer.relations) == (len(WORDS) if answer.status == "ok" else 0)
        assert bool(answer.error) == (answer.status != "ok")
    if judge.needs_labels:
        assert answers[bare.key].status != "ok"


@pytest.mark.parametrize("name", NAMES)
def test_the_same_question_has_the_same_answer_whatever_is_asked_beside_it(name: str) -> None:
    judge = made(name)
    request = question(judge, WORDS)
    others = [question(judge, (word,), "p1") for word in WORDS]
    assert ask(judge, request)[request.key] == ask(judge, *others, request)[request.key]


@pytest.mark.parametrize("name", NAMES)
def test_relations_move_with_their_words(name: str) -> None:
    judge = made(name)
    turned = tuple(reversed(WORDS))
    (one,) = judge.judge([question(judge, WORDS)])
    (other,) = judge.judge([question(judge, turned)])
    assert dict(zip(WORDS, one.relations, strict=True)) == dict(
        zip(turned, other.relations, strict=True)
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_object_in_the_region_is_seen_and_a_function_word_is_not(name: str) -> None:
    judge = made(name)
    (answer,) = judge.judge([question(judge, (DOG.kind, "the"))])
    assert answer.relations == ("concrete", "none")


@pytest.mark.parametrize("name", NAMES)
def test_no_questions_give_no_answers(name: str) -> None:
    assert list(made(name).judge([])) == []
