from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.core.ids import sha256_file
from harness.core.records import Call, Check, Judgement, Status
from judges.ground_truth import GroundTruthJudge
from judges.protocols.registry import find_protocol
from judges.protocols.wording import prompt_hash
from judges.replay import ReplayJudge
from tests.judges.labels import question
from tests.judges.offline import record

WORDS = ("dog", "boat")
PROMPT = prompt_hash(find_protocol("paper"))


def reply(
    words: tuple[str, ...] = WORDS,
    *,
    status: Status = "ok",
    judge: str = "gpt-5",
    version: str = "v1",
    check: Check = "",
    image_hash: str = "pixels",
    raw: str = "reply",
) -> Judgement:
    """Return what a paid judge recorded: the first word is concrete, the others are not."""
    relations = ("concrete", *("none" for _ in words[1:])) if status == "ok" else ()
    call = Call(status="ok", raw=raw, cost_usd=0.01, latency_s=2.0, input_tokens=7)
    return Judgement.model_validate(
        {
            "key": f"{words} {check}",
            "judge": judge,
            "judge_version": version,
            "patch_id": "p0",
            "words": words,
            "status": status,
            "relations": relations,
            "raw": raw,
            "protocol": "paper.1",
            "prompt_hash": PROMPT,
            "image_hash": image_hash,
            "check": check,
            "snapshot": "gpt-5-2025-08-07",
            "cost_usd": 0.01,
            "latency_s": 2.0,
            "input_tokens": 7,
            "calls": (call,),
        }
    )


def replay(run: Path, judge: str = "") -> ReplayJudge:
    rest = f"{run}#{judge}" if judge else str(run)
    return ReplayJudge(f"replay:{rest}", rest)


def test_a_recorded_answer_is_given_again_at_no_cost(tmp_path: Path) -> None:
    judge = replay(record(tmp_path, [reply()]))
    request = question(judge, WORDS)
    (answer,) = judge.judge([request])
    assert (answer.key, answer.judge, answer.judge_version) == (
        request.key,
        f"replay:{tmp_path}",
        judge.version,
    )
    assert (answer.status, answer.relations) == ("ok", ("concrete", "none"))
    assert (answer.raw, answer.snapshot) == ("reply", "gpt-5-2025-08-07")
    assert (answer.cost_usd, answer.latency_s, answer.calls) == (0.0, 0.0, ())


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (("boat", "dog"), {}),
        (("dog",), {}),
        (WORDS, {"patch_id": "p1"}),
        (WORDS, {"protocol": "paper-strict"}),
        (WORDS, {"image_hash": "other pixels"}),
        (WORDS, {"check": "repeat"}),
    ],
)
def test_another_question_is_a_refusal(
    tmp_path: Path, words: tuple[str, ...], settings: dict[str, Any]
) -> None:
    judge = replay(record(tmp_path, [reply()]))
    known, other = question(judge, WORDS), question(judge, words, **settings)
    found, missing = judge.judge([known, other])
    assert found.status == "ok"
    assert (missing.status, missing.relations) == ("refusal", ())
    assert missing.error == f"not recorded in {tmp_path}"


@pytest.mark.parametrize("status", ["refusal", "truncated", "parse_error", "api_error"])
def test_a_failure_is_not_an_answer(tmp_path: Path, status: Status) -> None:
    judge = replay(record(tmp_path, [reply(status=status), reply(("dog",))]))
    (answer,) = judge.judge([question(judge, WORDS)])
    assert answer.status == "refusal"


def test_a_question_asked_twice_has_its_own_second_answer(tmp_path: Path) -> None:
    replies = [reply(raw="first"), reply(raw="again", check="repeat")]
    judge = replay(record(tmp_path, replies))
    asked = [question(judge, WORDS), question(judge, WORDS, check="repeat")]
    assert [answer.raw for answer in judge.judge(asked)] == ["first", "again"]


def test_of_several_answers_the_first_counts(tmp_path: Path) -> None:
    failed = reply(status="truncated", raw="cut")
    judge = replay(record(tmp_path, [failed, reply(raw="first"), reply(raw="second")]))
    (answer,) = judge.judge([question(judge, WORDS)])
    assert answer.raw == "first"


def test_only_the_last_version_of_the_judge_counts(tmp_path: Path) -> None:
    judge = replay(record(tmp_path, [reply(version="v1"), reply(("dog",), version="v2")]))
    old, new = judge.judge([question(judge, WORDS), question(judge, ("dog",))])
    assert (old.status, new.status) == ("refusal", "ok")


def test_the_files_of_all_workers_are_read(tmp_path: Path) -> None:
    record(tmp_path, [reply()])
    record(tmp_path, [reply(("cat",))], "judgements/2.jsonl")
    judge = replay(tmp_path)
    asked = [question(judge, WORDS), question(judge, ("cat",))]
    assert [answer.status for answer in judge.judge(asked)] == ["ok", "ok"]


def test_files_of_workers_alone_are_a_run(tmp_path: Path) -> None:
    judge = replay(record(tmp_path, [reply()], "judgements/1.jsonl"))
    (answer,) = judge.judge([question(judge, WORDS)])
    assert answer.status == "ok"


def test_a_torn_last_line_is_left_out_and_left_alone(tmp_path: Path) -> None:
    journal = record(tmp_path, [reply(), reply(("cat",))]) / "judgements.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    before = sha256_file(journal)
    judge = replay(tmp_path)
    whole, torn = judge.judge([question(judge, WORDS), question(judge, ("cat",))])
    assert (whole.status, torn.status) == ("ok", "refusal")
    assert sha256_file(journal) == before


def test_answers_without_pictures_are_replayed_without_pictures(tmp_path: Path) -> None:
    blind = replay(record(tmp_path / "blind", [reply(image_hash="")]))
    seeing = replay(record(tmp_path / "seeing", [reply()]))
    assert (blind.needs_pixels, seeing.needs_pixels) == (False, True)
    (answer,) = blind.judge([question(blind, WORDS)])
    assert answer.status == "ok"


def test_the_ground_truth_is_replayed_as_it_was(tmp_path: Path) -> None:
    judge = GroundTruthJudge()
    replies = [
        answer.model_copy(update={"prompt_hash": PROMPT})
        for answer in judge.judge([question(judge, WORDS), question(judge, ("loyal",))])
    ]
    again = replay(record(tmp_path, replies))
    answers = list(again.judge([question(again, WORDS), question(again, ("loyal",))]))
    assert [a.relations for a in answers] == [r.relations for r in replies]
    assert [a.raw for a in answers] == [r.raw for r in replies]


def test_a_replay_can_be_replayed(tmp_path: Path) -> None:
    first = replay(record(tmp_path / "one", [reply()]))
    (answer,) = first.judge([question(first, WORDS)])
    stamped = answer.model_copy(update={"prompt_hash": PROMPT, "image_hash": "pixels"})
    second = replay(record(tmp_path / "two", [stamped]), first.name)
    (again,) = second.judge([question(second, WORDS)])
    assert (again.relations, again.raw) == (answer.relations, answer.raw)


def test_the_version_is_that_of_what_was_recorded(tmp_path: Path) -> None:
    replies = [reply(), reply(("cat",))]
    version = replay(record(tmp_path / "a", replies)).version
    others = {
        "another order": (reversed(replies), True),
        "a failure more": ([*replies, reply(("sea",), status="refusal")], True),
        "an answer less": (replies[:1], False),
        "another text": ([replies[0], reply(("cat",), raw="else")], False),
        "another model": ([reply(judge="gpt-6"), reply(("cat",), judge="gpt-6")], False),
        "other settings": ([reply(version="w"), reply(("cat",), version="w")], False),
    }
    for name, (recorded, same) in others.items():
        found = replay(record(tmp_path / name, recorded)).version
        assert (found == version) is same, name


def test_one_of_several_judges_has_to_be_named(tmp_path: Path) -> None:
    record(tmp_path, [reply(raw="five"), reply(judge="claude-x", raw="x")])
    with pytest.raises(UsageError) as raised:
        replay(tmp_path)
    assert f"replay:{tmp_path}#claude-x, replay:{tmp_path}#gpt-5" in str(raised.value)
    judge = replay(tmp_path, "claude-x")
    (answer,) = judge.judge([question(judge, WORDS)])
    assert (answer.raw, judge.name) == ("x", f"replay:{tmp_path}#claude-x")
    with pytest.raises(UsageError, match="no scored answer of 'gpt'; it has those of claude-x"):
        replay(tmp_path, "gpt")


def test_a_folder_may_have_a_hash_sign(tmp_path: Path) -> None:
    judge = replay(record(tmp_path / "run#2", [reply()]))
    (answer,) = judge.judge([question(judge, WORDS)])
    assert answer.status == "ok"


def test_what_is_no_judged_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no judgements.jsonl; expected replay:RUN"):
        replay(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="no question of .* has a scored answer"):
        replay(record(tmp_path / "failed", [reply(status="refusal")]))
    spoiled = record(tmp_path / "spoiled", [reply(), reply(("cat",))]) / "judgements.jsonl"
    lines = spoiled.read_bytes().splitlines(keepends=True)
    spoiled.write_bytes(lines[0][:40] + b"\n" + lines[1])
    with pytest.raises(UsageError, match=r"cannot be read: .*judgements.jsonl, line 1"):
        replay(spoiled.parent)
