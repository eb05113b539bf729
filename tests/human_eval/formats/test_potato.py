"""Output of Potato."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.core.errors import DataError, UsageError
from human_eval.formats.imported import Imported
from human_eval.formats.registry import read_study_labels
from tests.human_eval.formats.a_labelled_study import write_json

FINE = {"word1": {"concrete": "true"}}


def table(folder: Path) -> Path:
    path = folder / "items.csv"
    path.write_text("item_id,image_id,words\na,m,x|y\nb,m,x|y\n")
    return path


def state(folder: Path, labels: dict[str, Any], *, person: Any = "ada", **values: Any) -> Path:
    """Write one person's state into an output folder and return the folder."""
    found = {"user_id": person, "instance_id_to_label_to_value": labels} | values
    write_json(folder / "annotation_output" / str(person) / "user_state.json", found)
    return folder / "annotation_output"


def read(folder: Path, label: Path) -> Imported:
    return read_study_labels("potato", [table(folder)], [label], [])


@pytest.mark.parametrize(
    "labels",
    [
        {"word2": {"global": "true", "concrete": "false", "abstract": None}},
        {"word2": {"global": True}},
        {"word2": "global"},
        {"word2": ["global"], "comment": "hm"},
        [[{"schema": "word2", "name": "global"}, "global"]],
        [
            [{"schema": "word2", "name": "global"}, "true"],
            [{"schema": "word1", "name": "concrete"}, False],
        ],
    ],
)
def test_every_shape_of_labels(labels: Any, tmp_path: Path) -> None:
    found = read(tmp_path, state(tmp_path, {"a": labels}))
    (rating,) = found.ratings
    assert rating.relations == ("none", "global")
    assert rating.annotator == "ada"
    assert not found.left_out


def test_no_label_is_a_blank_rating(tmp_path: Path) -> None:
    found = read(tmp_path, state(tmp_path, {"a": {}, "b": []}))
    assert [rating.state for rating in found.ratings] == ["blank", "blank"]


def test_the_label_none_is_a_label(tmp_path: Path) -> None:
    pairs = [[{"schema": f"word{place}", "name": "none"}, "none"] for place in (1, 2)]
    found = read(tmp_path, state(tmp_path, {"a": pairs}))
    assert found.ratings[0].state == "none"


def test_time_spent(tmp_path: Path) -> None:
    times = {"a": {"time_string": "Time spent: 0d 1h 2m 3s "}, "b": {"clicks": 3}}
    folder = state(tmp_path, {"a": FINE, "b": FINE}, instance_id_to_behavioral_data=times)
    assert [rating.seconds for rating in read(tmp_path, folder).ratings] == [3723.0, None]


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"mood": {"good": "true"}}, "unreadable entry"),
        ("text", "unreadable entry"),
        ([["a", "b"]], "unreadable entry"),
        ([[{"schema": "word1"}]], "unreadable entry"),
        ({"word1": "{broken"}, "unreadable entry"),
        ({"word1": {"concrete": "true", "global": "true"}}, "contradictory rating"),
        ({"word1": {"nice": "true"}}, "unknown relation"),
        ({"word1": {"none": "true"}}, "wrong number of relations"),
    ],
)
def test_a_bad_entry_is_named(labels: Any, reason: str, tmp_path: Path) -> None:
    found = read(tmp_path, state(tmp_path, {"b": FINE, "a": labels}))
    assert [rating.item_id for rating in found.ratings] == ["b"]
    (left,) = found.left_out
    assert (left.reason, left.item_id, left.annotator) == (reason, "a", "ada")
    assert left.source.endswith("user_state.json, entry 2")


def test_a_state_goes_before_the_older_list(tmp_path: Path) -> None:
    folder = state(tmp_path, {"a": FINE})
    older = folder / "ada" / "annotated_instances.jsonl"
    older.write_text(json.dumps({"id": "b", "label_annotations": FINE}) + "\n")
    assert [rating.item_id for rating in read(tmp_path, folder).ratings] == ["a"]
    found = read(tmp_path, older)
    assert [(rating.item_id, rating.annotator) for rating in found.ratings] == [("b", "ada")]


def test_a_bad_line_of_the_older_list_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ben" / "annotated_instances.jsonl"
    path.parent.mkdir()
    line = json.dumps({"id": "b", "label_annotations": FINE})
    path.write_text(f"{line[:-4]}\n{line}\n")
    found = read(tmp_path, path)
    assert [rating.annotator for rating in found.ratings] == ["ben"]
    (left,) = found.left_out
    assert (left.reason, left.annotator) == ("unreadable line", "ben")


def test_one_name_in_two_folders_is_two_people(tmp_path: Path) -> None:
    folder = state(tmp_path, {"a": FINE, "b": FINE})
    other = {"user_id": "ada", "instance_id_to_label_to_value": {"a": {"word1": "global"}}}
    write_json(folder / "ada-2" / "user_state.json", other)
    found = read(tmp_path, folder)
    assert [rating.item_id for rating in found.ratings] == ["b"]
    assert [entry.reason for entry in found.left_out] == ["two people under one name"] * 2


def test_a_bad_state_of_a_folder_is_left_out(tmp_path: Path) -> None:
    folder = state(tmp_path, {"a": FINE})
    (folder / "ben").mkdir()
    (folder / "ben" / "user_state.json").write_text('{"user_id": "ben", "instance_id')
    write_json(folder / "cyd" / "user_state.json", {"user_id": "cyd"})
    found = read(tmp_path, folder)
    assert [entry.reason for entry in found.left_out] == ["truncated file", "unreadable file"]
    with pytest.raises(DataError, match="expected a user state"):
        read(tmp_path, folder / "cyd" / "user_state.json")


def test_the_table_of_another_tool_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["x"]}), path)
    with pytest.raises(
        DataError, match=r'has the columns "text": expected instance_id and user_id'
    ):
        read(tmp_path, path)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(DataError, match="cannot read"):
        read(tmp_path, path)


@pytest.mark.parametrize("value", ["global", ["global"], '{"global": "true"}', {"global": True}])
def test_cells_of_the_table(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"instance_id": ["a"], "user_id": [7], "word1": [value]}), path)
    (rating,) = read(tmp_path, path).ratings
    assert (rating.annotator, rating.relations) == ("person-7", ("global", "none"))
    assert rating.source == f"{path}, row 1"


def test_items_are_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give them with --items"):
        read_study_labels("potato", [], [state(tmp_path, {"a": FINE})], [])
