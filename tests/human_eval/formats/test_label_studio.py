"""The JSON export of Label Studio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import UsageError
from human_eval.formats.imported import Imported
from human_eval.formats.registry import read_study_labels
from tests.human_eval.formats.a_labelled_study import write_json

DATA = {"item_id": "a", "image": "m.png", "words": ["x", "y"], "lens": "logit", "layer": 3}


def control(name: str, *choices: str) -> dict[str, Any]:
    return {"from_name": name, "to_name": "i", "type": "choices", "value": {"choices": choices}}


def annotation(*results: Any, **values: Any) -> dict[str, Any]:
    fixed = {"id": 1, "completed_by": 7, "was_cancelled": False, "lead_time": 4.5}
    times = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:09Z"}
    return fixed | times | {"result": list(results)} | values


GOOD = annotation(control("word1", "concrete"))


def read(folder: Path, *annotations: Any, **values: Any) -> Imported:
    task = {"id": 5, "data": DATA, "annotations": list(annotations)} | values
    spare = {"id": 6, "data": DATA | {"item_id": "b"}, "annotations": [GOOD]}
    file = write_json(folder / "export.json", [task, spare])
    return read_study_labels("label-studio", [], [file], [])


def test_a_rating_with_all_its_fields(tmp_path: Path) -> None:
    found = read(tmp_path, annotation(control("word2", "global")))
    rating = found.ratings[0]
    assert rating.item_id == "a"
    assert rating.relations == ("none", "global")
    assert (rating.annotator, rating.seconds) == ("person-7", 4.5)
    assert rating.at == "2026-01-01T00:00:09Z"
    assert rating.source == f"{tmp_path / 'export.json'}, entry 1, annotation 1"
    item = found.items[0]
    assert (item.item_id, item.image_id, item.words) == ("a", "m.png", ("x", "y"))
    assert (item.cells[0].lens, item.cells[0].layer) == ("logit", 3)


def test_items_may_come_from_a_file(tmp_path: Path) -> None:
    table = tmp_path / "items.csv"
    table.write_text("item_id,image_id,words\n5,m,x|y\n")
    task = {"id": 5, "data": {"image": "m.png"}, "annotations": [GOOD]}
    file = write_json(tmp_path / "export.json", [task])
    found = read_study_labels("label-studio", [table], [file], [])
    assert found.ratings[0].item_id == "5"
    with pytest.raises(UsageError, match="give them with --items"):
        read_study_labels("label-studio", [], [file], [])


def test_words_may_be_numbered_fields(tmp_path: Path) -> None:
    data = {"item_id": "a", "image": "m", "word2": "y", "word1": "x"}
    found = read(tmp_path, GOOD, data=data)
    assert found.items[0].words == ("x", "y")


@pytest.mark.parametrize(
    ("who", "name"),
    [(3, "person-3"), ({"id": 3}, "person-3"), ({"id": 3, "email": "a@b.org"}, None)],
)
def test_people_have_pseudonyms(who: Any, name: str | None, tmp_path: Path) -> None:
    found = read(tmp_path, annotation(control("verdict", "none of them"), completed_by=who))
    assert "a@b.org" not in str(found)
    assert name is None or found.ratings[0].annotator == name


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (annotation(was_cancelled=True), "cancelled"),
        (annotation(control("word1", "concrete"), completed_by=None), "no annotator"),
        (annotation(control("word1", "concrete", "global")), "contradictory rating"),
        (
            annotation(control("word1", "concrete"), control("verdict", "none of them")),
            "contradictory rating",
        ),
        (annotation(control("word3", "concrete")), "wrong number of relations"),
        (annotation(control("word1", "nice")), "unknown relation"),
        (annotation(control("sentiment", "nice")), "unreadable entry"),
        (annotation({"from_name": "word1", "value": 1}), "unreadable entry"),
        (annotation(result="text"), "unreadable entry"),
        ("text", "unreadable entry"),
    ],
)
def test_a_bad_annotation_is_named(bad: Any, reason: str, tmp_path: Path) -> None:
    found = read(tmp_path, bad)
    assert [rating.item_id for rating in found.ratings] == ["b"]
    (left,) = found.left_out
    assert (left.reason, left.item_id) == (reason, "a")
    assert left.source.endswith("entry 1, annotation 1")


def test_drafts_are_counted(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD, drafts=[{"result": []}])
    assert [entry.reason for entry in found.left_out] == ["not submitted"]


def test_another_annotation_of_one_person_replaces_the_first(tmp_path: Path) -> None:
    early = annotation(control("word1", "global"), updated_at="2026-01-01T00:00:01Z")
    found = read(tmp_path, GOOD, early)
    assert found.ratings[0].relations == ("concrete", "none")
    assert [entry.reason for entry in found.left_out] == ["replaced rating"]


def test_a_task_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, annotations=7)
    assert [entry.reason for entry in found.left_out] == ["unreadable entry"]
    assert len(found.ratings) == 1


def test_a_task_without_image_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD, data={"item_id": "a", "words": ["x"]})
    assert [entry.reason for entry in found.left_out] == ["unusable item", "unknown item"]


def test_the_same_task_in_two_exports_is_one_item(tmp_path: Path) -> None:
    for name, person in (("a", 1), ("b", 2)):
        task = {"id": 5, "data": DATA, "annotations": [GOOD | {"completed_by": person}]}
        write_json(tmp_path / f"{name}.json", [task])
    found = read_study_labels("label-studio", [], [tmp_path], [])
    assert [rating.annotator for rating in found.ratings] == ["person-1", "person-2"]
    assert len(found.items) == 1
    assert not found.left_out


def test_the_flat_export_is_refused_with_the_reason(tmp_path: Path) -> None:
    row = {"id": 1, "image": "m", "word1": "concrete", "annotator": 1, "annotation_id": 2}
    file = write_json(tmp_path / "min.json", [row])
    with pytest.raises(UsageError, match="JSON_MIN export, in which the answers of several people"):
        read_study_labels("label-studio", [], [file], [])
