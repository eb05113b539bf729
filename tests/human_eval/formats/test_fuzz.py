"""Files that are anything at all: one clear error or an import that loses no count."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError, LensbenchError
from harness.core.ratings import LeftOut
from human_eval.formats.imported import Imported
from human_eval.formats.reasons import OF_RATINGS
from human_eval.formats.registry import read_study_labels
from tests.human_eval.formats.a_labelled_study import items, ratings, write_json
from tests.human_eval.formats.written_formats import FORMATS, as_csv, authors_entry

ITEMS = items()
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=4)
    | st.sampled_from(["item01", "word1", "concrete", "none", "selected", "the", "submitted"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["word", "word1", "verdict", "name", "a"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
CONTROL = st.fixed_dictionaries(
    {"from_name": st.sampled_from(["word1", "word2", "verdict", "mood"])},
    optional={"value": ANYTHING | st.just({"choices": ["none"]})},
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def attempt(
    name: str, wanted: list[Path], labels: list[Path], replies: list[Path]
) -> Imported | None:
    """Import, and return None if it was refused in one line; anything else fails the test."""
    try:
        found = read_study_labels(name, wanted, labels, replies)
    except LensbenchError as error:
        assert "\n" not in str(error)
        return None
    found_in = [rating.source for rating in found.ratings]
    assert len(set(found_in)) == len(found_in)
    for entry in found.left_out:
        assert "\n" not in entry.detail + entry.source
        entry.model_dump_json().encode()
    for rating in found.ratings:
        rating.model_dump_json().encode()
    return found


def whole(left_out: Sequence[LeftOut]) -> int:
    """Return how many ratings were left out as a whole."""
    return sum(entry.reason in OF_RATINGS for entry in left_out)


def written(form: str, folder: Path) -> tuple[str, list[Path], list[Path], list[Path]]:
    """Write a whole study and return its name, files of items, labels, and single label files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    name, write = FORMATS[form]
    wanted, labels = write(folder, ITEMS, ratings(ITEMS, cant_tell=name != "authors"))
    files = [
        file
        for label in labels
        for file in ([label] if label.is_file() else sorted(label.rglob("*")))
        if file.is_file() and file not in wanted
    ]
    return name, wanted, labels, files


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=12)
@given(data=st.data())
def test_damaged_labels_are_refused_or_counted(place: Path, form: str, data: st.DataObject) -> None:
    name, wanted, labels, files = written(form, place / "study")
    file = data.draw(st.sampled_from(files))
    content = file.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 40)) | st.just(len(content)))
    file.write_bytes(content[:start] + data.draw(st.binary(max_size=9)) + content[end:])
    attempt(name, wanted, labels, [])
    attempt(name, wanted, [file], [])


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=8)
@given(content=st.binary(max_size=60) | st.text(max_size=30).map(str.encode))
def test_any_bytes_are_refused_or_counted(place: Path, form: str, content: bytes) -> None:
    name, wanted, labels, files = written(form, place / "study")
    noise = place / "noise"
    noise.write_bytes(content)
    attempt(name, wanted, labels, [noise])
    attempt(name, [noise], labels, [])
    files[0].write_bytes(content)
    attempt(name, wanted, labels, [])


@settings(max_examples=40)
@given(st.data())
def test_every_line_of_half_a_file_is_counted(place: Path, data: st.DataObject) -> None:
    name, wanted, _, files = written("lensbench", place / "study")
    content = files[0].read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    files[0].write_bytes(content[:cut])
    found = attempt(name, wanted, [files[0]], [])
    lines = content[:cut].splitlines()
    if found is not None:
        assert len(found.ratings) + whole(found.left_out) == len(lines) - 1
        missing = len(lines) < len(content.splitlines())
        assert ("truncated file" in {entry.reason for entry in found.left_out}) == missing
    else:
        assert len(lines) < 3


@settings(max_examples=40)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "item_id": ANYTHING | st.sampled_from(["item01", "item02"]),
                "annotator": ANYTHING | st.just("a"),
                "state": ANYTHING | st.sampled_from(["selected", "none", "blank"]),
                "relations": ANYTHING | st.just(["concrete"] * 5),
                "seconds": ANYTHING,
                "at": ANYTHING,
                "session": ANYTHING,
            },
        ).filter(bool),
        max_size=5,
    )
)
def test_rows_of_anything_are_counted(place: Path, rows: list[dict[str, Any]]) -> None:
    path = place / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    good = place / "good.csv"
    wanted, _ = as_csv(place, ITEMS, [])
    good.write_text("item_id,annotator,state,relations\nitem00,z,blank,\n")
    if rows:
        found = attempt("lensbench", wanted, [good, path], [])
        assert found is not None
        assert len(found.ratings) + whole(found.left_out) == len(rows) + 1


@settings(max_examples=40)
@given(
    st.lists(
        ANYTHING
        | st.fixed_dictionaries(
            {"instanceId": st.sampled_from(["item01", "item02", "x"])},
            optional={
                "selectedWords": ANYTHING
                | st.lists(
                    ANYTHING
                    | st.fixed_dictionaries(
                        {"word": st.sampled_from(ITEMS[1].words), "relation": ANYTHING}
                    ),
                    max_size=3,
                ),
                "noneSelected": ANYTHING,
                "timestamp": ANYTHING,
            },
        ),
        max_size=5,
    )
)
def test_sittings_of_anything_are_counted(place: Path, results: list[Any]) -> None:
    folder = place / "sittings"
    data = write_json(folder / "data.json", [authors_entry(item) for item in ITEMS])
    spare = {"instanceId": "item00", "noneSelected": True}
    value = {"userId": "a", "sessionId": "s", "results": [spare, *results]}
    (folder / "evaluation_a_s.json").write_text(json.dumps(value))
    found = attempt("authors", [data], [folder], [])
    assert found is not None
    assert len(found.ratings) + whole(found.left_out) == len(results) + 1


@settings(max_examples=40)
@given(
    st.lists(
        ANYTHING
        | st.fixed_dictionaries(
            {"result": ANYTHING | st.lists(CONTROL, max_size=3)},
            optional={"completed_by": ANYTHING, "was_cancelled": ANYTHING, "lead_time": ANYTHING},
        ),
        max_size=5,
    )
)
def test_annotations_of_anything_are_counted(place: Path, annotations: list[Any]) -> None:
    task = {"id": 1, "data": {"item_id": "a", "image": "m", "words": ["x", "y"]}}
    path = place / "export.json"
    spare = {"completed_by": 99, "result": []}
    path.write_text(json.dumps([task | {"annotations": [spare, *annotations]}]))
    found = attempt("label-studio", [], [path], [])
    assert found is not None
    assert len(found.ratings) + whole(found.left_out) == len(annotations) + 1


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from([item.item_id for item in ITEMS[1:]]), ANYTHING, max_size=5))
def test_states_of_anything_are_counted(place: Path, labels: dict[str, Any]) -> None:
    wanted, _ = as_csv(place, ITEMS, [])
    path = place / "user_state.json"
    value = {"user_id": "a", "instance_id_to_label_to_value": {"item00": {}, **labels}}
    path.write_text(json.dumps(value))
    found = attempt("potato", wanted, [path], [])
    assert found is not None
    assert len(found.ratings) + whole(found.left_out) == len(labels) + 1


@settings(max_examples=40)
@given(ANYTHING, st.dictionaries(st.sampled_from(["word1", "words", "layer", "image"]), ANYTHING))
def test_records_of_anything_never_break(place: Path, value: Any, fields: dict[str, Any]) -> None:
    record = {"id": "r", "image": "m", "words": ["x"], **fields}
    columns = {"word1.responses": value, "word1.responses.users": ["u"]}
    path = place / "records.json"
    path.write_text(json.dumps([record | columns | {"word1.responses.status": ["submitted"]}]))
    attempt("argilla", [], [path], [])
    path.write_text(json.dumps([record | {"responses": {"word1": value, "verdict": [value]}}]))
    attempt("argilla", [], [path], [])


@settings(max_examples=40)
@given(st.lists(ANYTHING, max_size=4))
def test_replies_of_anything_never_break(place: Path, values: list[Any]) -> None:
    folder = place / "replied"
    data = write_json(folder / "data.json", [authors_entry(item) for item in ITEMS])
    spare = {"userId": "a", "results": [{"instanceId": "item00", "noneSelected": True}]}
    write_json(folder / "evaluation_a_s.json", spare)
    results = [
        value if turn % 2 else {"instance_id": "item01", "gpt_response": {"concrete_words": value}}
        for turn, value in enumerate(values)
    ]
    replies = folder / "human_study_llm_results.json"
    replies.write_text(json.dumps({"results": results}))
    found = attempt("authors", [data], [folder], [replies])
    assert found is not None
    there = len(found.replies.get("gpt-5", ()))
    reasons = [entry.reason for entry in found.left_out]
    others = sum(reason != "word not shown to the judge" for reason in reasons)
    assert there + others == len(results)


def test_an_empty_folder_and_an_empty_file_are_refused(place: Path) -> None:
    wanted, _ = as_csv(place, ITEMS, [])
    (place / "nothing").mkdir()
    (place / "nothing.jsonl").touch()
    for path in (place / "nothing", place / "nothing.jsonl"):
        with pytest.raises(DataError):
            read_study_labels("lensbench", wanted, [path], [])
