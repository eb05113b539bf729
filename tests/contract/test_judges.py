"""What every judge must keep to: registered ones, plug-ins, and those made by a form of name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from harness.core.ratings import HumanLabel
from harness.core.records import Judgement
from judges.api import ApiJudge
from judges.base import Judge, JudgeRequest
from judges.ground_truth import GroundTruthJudge
from judges.local import LocalJudge
from judges.protocols.registry import find_protocol
from judges.protocols.wording import prompt_hash
from judges.registry import JUDGES, make_judge
from judges.settings import JudgeSettings
from tests.judges.labels import DOG, LABELS, question
from tests.judges.offline import record, relations, reply_to, speak, write_labels
from tests.judges.running.scripted import ScriptedProvider, answered
from tests.vlms.checkpoints import build

WORDS = ("dog", "loyal", "boat", "the", "tail")
TURNED = tuple(reversed(WORDS))
PAIR = (DOG.kind, "the")
ASKED = ((WORDS, "p0"), (WORDS[:2], "p0"), (WORDS, "p1"), (TURNED, "p0"), (PAIR, "p0")) + tuple(
    ((word,), "p1") for word in WORDS
)
"""Words and patch of every question of this file."""


def _api(_: Path) -> Judge:
    """Return a judge of a provider that knows the ground truth."""
    provider = ScriptedProvider(lambda prompt, number: answered(reply_to(prompt.text)))
    return ApiJudge("gpt-5", provider, JudgeSettings())


def _local(folder: Path) -> Judge:
    """Return a local model whose words are put into its mouth."""
    path = build("qwen2_vl", folder / "checkpoint")
    judge = LocalJudge(f"local:{path}", str(path))
    speak(judge)
    return judge


def _replay(folder: Path) -> Judge:
    """Return the replay of a run of the ground truth."""
    judge = GroundTruthJudge()
    stamp = {"prompt_hash": prompt_hash(find_protocol("paper"))}
    replies = judge.judge([question(judge, words, patch_id) for words, patch_id in ASKED])
    record(folder, [reply.model_copy(update=stamp) for reply in replies])
    return _made(f"replay:{folder}")


def _human(folder: Path) -> Judge:
    """Return two people who agree with the ground truth."""
    labels = [
        HumanLabel(annotator=name, patch_id=patch_id, words=words, relations=relations(words))
        for words, patch_id in ASKED
        for name in ("ann", "ben")
    ]
    return _made("human", JudgeSettings(run=write_labels(folder, labels)))


def _made(name: str, settings: JudgeSettings | None = None) -> Judge:
    judge = make_judge(name, settings)
    assert judge is not None
    return judge


BY_FORM: Mapping[str, Callable[[Path], Judge]] = MappingProxyType(
    {"gpt-...": _api, "local:...": _local, "replay:...": _replay, "human": _human}
)
REGISTERED = tuple(name for name in JUDGES.names() if name != "none")


@pytest.fixture(scope="module", params=[*REGISTERED, *BY_FORM])
def judge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Every judge in turn."""
    name: str = request.param
    if name in BY_FORM:
        return BY_FORM[name](tmp_path_factory.mktemp("judge"))
    return _made(name)


def ask(judge: Judge, *requests: JudgeRequest) -> dict[str, Judgement]:
    return {answer.key: answer for answer in judge.judge(requests)}


def said(answer: Judgement) -> Judgement:
    """Return an answer without how long it took."""
    return answer.model_copy(update={"latency_s": 0.0, "calls": ()})


def test_a_question_has_no_room_for_the_name_of_a_lens_or_a_layer() -> None:
    fields = {field.name for field in dataclasses.fields(JudgeRequest)}
    assert fields == {"key", "patch_id", "words", "protocol", "labels", "render"}


def test_every_question_is_answered_once_under_its_key(judge: Judge) -> None:
    requests = [question(judge, words, patch_id) for words, patch_id in ASKED[:3]]
    answers = list(judge.judge(requests))
    assert sorted(a.key for a in answers) == sorted(r.key for r in requests)
    by_key = {answer.key: answer for answer in answers}
    for request in requests:
        answer = by_key[request.key]
        assert (answer.judge, answer.judge_version) == (judge.name, judge.version)
        assert (answer.patch_id, answer.words) == (request.patch_id, request.words)


def test_only_an_answer_in_order_has_relations_and_then_one_per_word(judge: Judge) -> None:
    unlabelled = dataclasses.replace(question(judge, WORDS, "p1"), labels=None)
    strange = question(judge, ("dog", "nobody knows me"))
    answers = ask(judge, question(judge, WORDS), unlabelled, strange)
    for answer in answers.values():
        assert len(answer.relations) == (len(answer.words) if answer.status == "ok" else 0)
        assert bool(answer.error) == (answer.status != "ok")
    assert (answers[unlabelled.key].status == "ok") is not judge.needs_labels


def test_the_same_question_has_the_same_answer_whatever_is_asked_beside_it(judge: Judge) -> None:
    request = question(judge, WORDS)
    others = [question(judge, (word,), "p1") for word in WORDS]
    alone = ask(judge, request)[request.key]
    assert alone.status == "ok"
    assert said(alone) == said(ask(judge, *others, request)[request.key])


def test_relations_move_with_their_words(judge: Judge) -> None:
    (one,) = judge.judge([question(judge, WORDS)])
    (other,) = judge.judge([question(judge, TURNED)])
    assert dict(zip(WORDS, one.relations, strict=True)) == dict(
        zip(TURNED, other.relations, strict=True)
    )


def test_the_object_in_the_region_is_seen_and_a_function_word_is_not(judge: Judge) -> None:
    (answer,) = judge.judge([question(judge, PAIR)])
    assert answer.relations == ("concrete", "none")


def test_a_judge_that_needs_neither_labels_nor_pictures_is_given_neither(judge: Judge) -> None:
    request = question(judge, WORDS)
    labels = LABELS if judge.needs_labels else None
    render = request.render if judge.needs_pixels else None
    bare = dataclasses.replace(request, labels=labels, render=render)
    assert said(ask(judge, bare)[bare.key]) == said(ask(judge, request)[request.key])


def test_judging_costs_nothing_where_nobody_is_paid(judge: Judge) -> None:
    (answer,) = judge.judge([question(judge, WORDS)])
    assert answer.cost_usd is not None
    assert (answer.cost_usd > 0) == isinstance(judge, ApiJudge)


def test_no_questions_give_no_answers(judge: Judge) -> None:
    assert list(judge.judge([])) == []
