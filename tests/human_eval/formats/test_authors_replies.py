"""Replies of the judge in the layout of the paper's human study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import DataError
from harness.core.ratings import JudgeReply
from human_eval.formats.imported import Imported
from human_eval.formats.registry import read_study_labels
from tests.human_eval.formats.a_labelled_study import write_json
from tests.human_eval.formats.test_authors import (
    SENTENCES,
    WORDS,
    entry,
    item_id,
    result,
    sitting,
    study,
    two_conditions,
)


def reply(number: int = 0, *, candidates: Any = WORDS, **lists: Any) -> dict[str, Any]:
    """Return one entry of the judge's results."""
    empty: dict[str, Any] = {"concrete_words": [], "abstract_words": [], "global_words": []}
    given = {"reasoning": "words", "interpretable": bool(lists)} | empty | lists
    return {"instance_id": item_id(number), "candidates": candidates, "gpt_response": given}


def read(folder: Path, *results: Any, **values: Any) -> Imported:
    study(folder, [sitting(result(0, none=True))])
    replies = write_json(folder / "replies.json", {"results": list(results)} | values)
    return read_study_labels("authors", [folder / "data.json"], [folder], [replies])


def single(folder: Path, given: Any) -> JudgeReply:
    found = read(folder, given)
    ((only,),) = found.replies.values()
    return only


def test_lists_become_one_relation_per_word(tmp_path: Path) -> None:
    found = single(tmp_path, reply(concrete_words=["dog"], global_words=[" Green", "',\n'"]))
    assert found.judge == "gpt-5"
    assert found.status == "ok"
    assert found.aligned
    assert found.relations == ("global", "global", "none", "none", "concrete")


def test_equal_words_have_one_relation_and_the_strongest_counts(tmp_path: Path) -> None:
    words = ["the", "a", "the", "a", "the"]
    given = reply(candidates=words, global_words=["the", "a"], abstract_words=["the"])
    assert single(tmp_path, given).relations == (
        "abstract", "global", "abstract", "global", "abstract"
    )  # fmt: skip


def test_empty_lists_are_a_miss_and_missing_ones_are_empty(tmp_path: Path) -> None:
    given = reply(concrete_words=None)
    del given["gpt_response"]["global_words"]
    assert single(tmp_path, given).relations == ("none",) * 5


def test_the_flag_does_not_decide(tmp_path: Path) -> None:
    assert set(single(tmp_path, reply(interpretable=True)).relations) == {"none"}


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"instance_id": item_id(0), "error": "timed out"}, "api_error"),
        ({"instance_id": item_id(0), "gpt_response": None}, "api_error"),
        ({"instance_id": item_id(0), "gpt_response": "words"}, "parse_error"),
        ({"instance_id": item_id(0), "gpt_response": {}}, "parse_error"),
    ],
)
def test_failures_are_not_verdicts(given: Any, status: str, tmp_path: Path) -> None:
    found = single(tmp_path, given)
    assert (found.status, found.relations) == (status, ())


def test_a_reply_kept_as_raw_text_is_no_miss(tmp_path: Path) -> None:
    raw = '{"reasoning": "a dog", "interpretable": true, "concrete_words": ["dog"'
    given = reply() | {"gpt_response": reply()["gpt_response"] | {"reasoning": raw}}
    assert single(tmp_path, given).status == "parse_error"
    said = reply(concrete_words=["dog"])
    said["gpt_response"]["reasoning"] = 'so "concrete_words" has the dog'
    assert single(tmp_path, said).status == "ok"


def test_a_word_that_was_not_shown_is_named_and_ignored(tmp_path: Path) -> None:
    found = read(tmp_path, reply(concrete_words=["cat"], abstract_words=["dog"]))
    assert found.replies["gpt-5"][0].relations == ("none", "none", "none", "none", "abstract")
    (left,) = found.left_out
    assert left.reason == "word not shown to the judge"
    assert left.detail == '"cat" (concrete) is ignored'
    assert left.source == f"{tmp_path / 'replies.json'}, entry 1"
    assert left.item_id == item_id(0)


def test_a_list_of_words_that_were_not_shown_is_still_a_hit(tmp_path: Path) -> None:
    found = read(tmp_path, reply(abstract_words=["cat"]))
    (only,) = found.replies["gpt-5"]
    assert only.relations == ("abstract",)
    assert not only.aligned
    assert [entry.reason for entry in found.left_out] == ["word not shown to the judge"]


def test_the_judge_may_be_shown_fewer_words_than_people(tmp_path: Path) -> None:
    found = single(tmp_path, reply(candidates=["dog", "pens"], concrete_words=["pens"]))
    assert found.relations == ("none", "concrete")
    assert not found.aligned


def test_words_expanded_from_sentences_are_aligned_by_place(tmp_path: Path) -> None:
    data = [entry(0, candidates=SENTENCES)]
    study(tmp_path, [sitting(result(0, none=True))], data)
    given = reply(candidates=["pens", "pens", "blue"], global_words=["blue"])
    file = write_json(tmp_path / "replies.json", {"results": [given]})
    found = read_study_labels("authors", [tmp_path / "data.json"], [tmp_path], [file])
    (only,) = found.replies["gpt-5"]
    assert (only.relations, only.aligned) == (("none", "none", "global"), True)


def test_replies_without_candidates_are_about_the_words_of_the_item(tmp_path: Path) -> None:
    given = reply(concrete_words=["dog"])
    del given["candidates"]
    assert single(tmp_path, given).relations[4] == "concrete"


def test_numbers_are_words(tmp_path: Path) -> None:
    given = reply(candidates=["902", 9020], concrete_words=[902])
    assert single(tmp_path, given).relations == ("concrete", "none")


def test_the_judge_may_be_named(tmp_path: Path) -> None:
    found = read(tmp_path, reply(0), reply(1) | {"judge": "mini"}, judge="nano")
    assert {judge: len(given) for judge, given in found.replies.items()} == {"nano": 1, "mini": 1}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (reply(77), "reply to unknown item"),
        ({"gpt_response": {}}, "reply to unknown item"),
        ("text", "unusable reply"),
        (reply(concrete_words={"a": 1}), "unusable reply"),
        (reply(concrete_words=[["a"]]), "unusable reply"),
    ],
)
def test_a_bad_reply_is_named(given: Any, reason: str, tmp_path: Path) -> None:
    found = read(tmp_path, given, reply(1))
    assert [only.item_id for only in found.replies["gpt-5"]] == [item_id(1)]
    assert [entry.reason for entry in found.left_out] == [reason]
    assert found.left_out[0].source.endswith("replies.json, entry 1")


@pytest.mark.parametrize("failed_first", [True, False])
def test_a_verdict_goes_before_a_failure(failed_first: bool, tmp_path: Path) -> None:
    failed = {"instance_id": item_id(0), "error": "timed out"}
    both = [failed, reply(concrete_words=["dog"])]
    found = read(tmp_path, *(both if failed_first else both[::-1]))
    (only,) = found.replies["gpt-5"]
    assert only.status == "ok"
    assert [entry.reason for entry in found.left_out] == ["replaced reply"]


def test_of_two_verdicts_the_last_counts(tmp_path: Path) -> None:
    found = read(tmp_path, reply(), reply(concrete_words=["dog"]), reply(concrete_words=["dog"]))
    (only,) = found.replies["gpt-5"]
    assert only.relations[4] == "concrete"
    assert sorted(entry.reason for entry in found.left_out) == ["duplicate reply", "replaced reply"]


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    study(tmp_path, [sitting(result(0, none=True))])
    file = write_json(tmp_path / "replies.json", [1])
    with pytest.raises(DataError, match="expected a JSON object with a list of results"):
        read_study_labels("authors", [tmp_path / "data.json"], [tmp_path], [file])


def test_two_conditions_have_their_own_replies(tmp_path: Path) -> None:
    data, labels = two_conditions(tmp_path)
    replies = [
        write_json(tmp_path / "a" / "human_study_llm_results.json", {"results": [reply()]}),
        write_json(tmp_path / "b.json", {"results": [reply(candidates=["pens"] * 3), reply(5)]}),
    ]
    replies[0] = replies[0].parent
    found = read_study_labels("authors", data, labels, replies)
    assert {only.item_id for only in found.replies["gpt-5"]} == {
        f"embedding:{item_id(0)}",
        f"latent:{item_id(0)}",
    }
    assert f"latent:{item_id(5)}" in {entry.item_id for entry in found.left_out}
