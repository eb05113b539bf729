"""Records of Argilla."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from human_eval.formats.imported import Imported
from human_eval.formats.registry import read_study_labels
from tests.human_eval.formats.a_labelled_study import write_json

FIELDS = {"item_id": "a", "image": "m", "words": ["x", "y"]}


def answers(name: str, *given: tuple[Any, str, str]) -> dict[str, Any]:
    """Return the columns of one question: value, user and status of each response."""
    return {
        f"{name}.responses": [value for value, _, _ in given],
        f"{name}.responses.users": [user for _, user, _ in given],
        f"{name}.responses.status": [status for _, _, status in given],
    }


def read(folder: Path, *records: dict[str, Any]) -> Imported:
    spare = {"id": "s", **FIELDS, "item_id": "b"} | answers("word1", ("concrete", "u", "submitted"))
    file = write_json(folder / "records.json", [*records, spare])
    return read_study_labels("argilla", [], [file], [])


def test_answers_are_put_together_by_person(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {"id": "r", **FIELDS}
        | answers("word1", ("concrete", "u", "submitted"), ("none", "v", "submitted"))
        | answers("word2", ("none", "v", "submitted"), ("global", "u", "submitted"))
        | answers("comment", ("hm", "u", "submitted")),
    )
    said = {(rating.annotator, rating.relations) for rating in found.ratings[:2]}
    assert said == {("u", ("concrete", "global")), ("v", ("none", "none"))}
    assert not found.left_out


@pytest.mark.parametrize("status", ["draft", "discarded", "", None])
def test_only_submitted_answers_count(status: Any, tmp_path: Path) -> None:
    given = answers("word1", ("concrete", "u", "submitted"), ("global", "v", status))
    found = read(tmp_path, {"id": "r", **FIELDS} | given)
    assert {rating.annotator for rating in found.ratings} == {"u"}
    (left,) = found.left_out
    assert (left.reason, left.annotator, left.item_id) == ("not submitted", "v", "a")


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (answers("word1", (["concrete"], "u", "submitted")), "unreadable entry"),
        (answers("word1", ("nice", "u", "submitted")), "unknown relation"),
        (answers("word1", ("concrete", "", "submitted")), "no annotator"),
        (answers("mood", ("good", "u", "submitted")), "unreadable entry"),
        (
            answers("word1", ("none", "u", "submitted")) | {"word1.responses": []},
            "unreadable entry",
        ),
        (
            answers("word1", ("none", "u", "submitted"), ("global", "u", "submitted")),
            "contradictory rating",
        ),
    ],
)
def test_a_bad_record_is_named(columns: dict[str, Any], reason: str, tmp_path: Path) -> None:
    found = read(tmp_path, {"id": "r", **FIELDS} | columns)
    assert [rating.item_id for rating in found.ratings] == ["b"]
    (left,) = found.left_out
    assert (left.reason, left.item_id) == (reason, "a")


def test_nested_records_say_that_the_status_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    responses = {"word1": [{"value": "abstract", "user_id": "u"}]}
    record = {"id": "r", "fields": {"words": "x|y", "image": "m"}, "metadata": {"item_id": "c"}}
    found = read(tmp_path, record | {"responses": responses})
    assert [(rating.item_id, rating.relations) for rating in found.ratings] == [
        ("c", ("abstract", "none")),
        ("b", ("concrete", "none")),
    ]
    assert "does not say which answers were submitted" in caplog.text


def test_flat_records_say_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    read(tmp_path)
    assert not caplog.text


def test_a_record_without_identity_has_its_own(tmp_path: Path) -> None:
    given = {"id": "r", "image": "m", "words": ["x"]}
    found = read(tmp_path, given | answers("word1", ("none", "u", "submitted")))
    assert found.items[0].item_id == "r"
    assert found.ratings[0].item_id == "r"
