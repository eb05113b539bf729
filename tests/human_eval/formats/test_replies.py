"""Judges' replies from tables of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import DataError
from human_eval.formats.imported import Imported
from human_eval.formats.registry import read_study_labels
from tests.human_eval.formats.a_labelled_study import items, ratings
from tests.human_eval.formats.written_formats import as_csv

ITEMS = items()


def read(tmp_path: Path, *texts: str) -> Imported:
    wanted, labels = as_csv(tmp_path, ITEMS, ratings(ITEMS))
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"replies{number}")
        files[-1].write_text(text)
    return read_study_labels("lensbench", wanted, labels, files)


def row(number: int = 0, **values: Any) -> str:
    fixed = {"item_id": f"item{number:02d}", "judge": "j", "relations": ["none"] * 5}
    return json.dumps(fixed | values) + "\n"


def test_lines_and_tables_give_the_same(tmp_path: Path) -> None:
    lines = read(tmp_path, row(0) + row(1, status="ok", relations=["global"] * 5))
    table = read(
        tmp_path,
        "item_id,judge,status,relations\n"
        "item00,j,ok,none|none|none|none|none\nitem01,j,,global|global|global|global|global\n",
    )
    assert lines.replies == table.replies
    assert [reply.relations[0] for reply in lines.replies["j"]] == ["none", "global"]
    assert all(reply.aligned for reply in lines.replies["j"])


def test_judges_keep_their_order(tmp_path: Path) -> None:
    found = read(tmp_path, row(judge="z") + row(judge="a"), row(1, judge="z"))
    assert {judge: len(given) for judge, given in found.replies.items()} == {"z": 2, "a": 1}
    assert list(found.replies) == ["z", "a"]


def test_lists_of_words(tmp_path: Path) -> None:
    lists: dict[str, Any] = {
        "relations": None,
        "concrete_words": [ITEMS[0].words[1]],
        "global_words": ["cat"],
    }
    found = read(tmp_path, row(0, **lists))
    assert found.replies["j"][0].relations == ("none", "concrete", "none", "none", "none")
    assert [entry.reason for entry in found.left_out] == ["word not shown to the judge"]


def test_a_reply_about_other_words_only_is_unscored(tmp_path: Path) -> None:
    lists = {"relations": None, "candidates": None, "concrete_words": ["zebra"]}
    found = read(tmp_path, row(0, **lists))
    (reply,) = found.replies["j"]
    assert (reply.status, reply.relations) == ("schema_error", ())
    assert [entry.reason for entry in found.left_out] == ["word not shown to the judge"]


def test_failures_have_no_relations(tmp_path: Path) -> None:
    found = read(tmp_path, row(status="refusal"))
    (reply,) = found.replies["j"]
    assert (reply.status, reply.relations) == ("refusal", ())


def test_other_words_are_not_aligned(tmp_path: Path) -> None:
    found = read(tmp_path, row(relations=["concrete", "none"]))
    (reply,) = found.replies["j"]
    assert (reply.relations, reply.aligned) == (("concrete", "none"), False)


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        (row(item_id="x"), "reply to unknown item", '"x" is none of the 12 items'),
        (row(judge=""), "unusable reply", "it names no judge"),
        (row(status="fine"), "unusable reply", 'status "fine": expected ok, refusal'),
        (row(relations=["red"] * 5), "unusable reply", 'relation "red": expected concrete'),
        (row(relations=[]), "unusable reply", "status ok without relations"),
        (row(relations=7), "unusable reply", "expected a list"),
        ("{\n", "unusable reply", "not JSON"),
    ],
)
def test_a_bad_reply_is_named(text: str, reason: str, detail: str, tmp_path: Path) -> None:
    found = read(tmp_path, row(1) + text)
    assert len(found.replies["j"]) == 1
    (left,) = found.left_out
    assert left.reason == reason
    assert detail in left.detail
    assert left.source == f"{tmp_path / 'replies0'}, line 2"


def test_a_table_without_judge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column judge"):
        read(tmp_path, "item_id,relations\na,none\n")
