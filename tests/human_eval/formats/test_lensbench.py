"""Our own export: written and read back, and everything that can be wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import DataError, MismatchError, UsageError
from human_eval.formats.imported import Imported
from human_eval.formats.lensbench import ratings_jsonl, read_labels
from tests.human_eval.formats.a_labelled_study import PEOPLE, STUDY_ID, items, ratings
from tests.human_eval.formats.written_formats import as_csv

ITEMS = items()
Change = Callable[[dict[str, Any]], dict[str, Any] | str | bytes]


def written(tmp_path: Path, lines: list[Any], *, said: int | None = None) -> Path:
    """Write an export of rows, or of lines as they are, with a header that counts them."""
    header = {"format": "lensbench-ratings", "version": 1, "study": STUDY_ID, "annotator": ""}
    rows = [header | {"ratings": len(lines) if said is None else said}, *lines]
    data = [
        row
        if isinstance(row, bytes)
        else (row if isinstance(row, str) else json.dumps(row)).encode()
        for row in rows
    ]
    path = tmp_path / "ratings.jsonl"
    path.write_bytes(b"\n".join(data) + b"\n")
    return path


def rows(count: int = 4) -> list[dict[str, Any]]:
    """Return the rows of one person's ratings."""
    return [
        json.loads(rating.model_dump_json(exclude={"source"}))
        for rating in ratings(ITEMS)
        if rating.annotator == PEOPLE[1]
    ][:count]


def read(path: Path) -> Imported:
    return read_labels(ITEMS, STUDY_ID, path)


def reasons(found: Imported) -> list[str]:
    return [entry.reason for entry in found.left_out]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    said = ratings(ITEMS)
    path = tmp_path / "all.jsonl"
    path.write_text(ratings_jsonl(STUDY_ID, "", said))
    found = read(path)
    assert [rating.model_copy(update={"source": ""}) for rating in found.ratings] == said
    assert found.ratings[0].source == f"{path}, line 2"
    assert found.items == tuple(ITEMS)
    assert not found.replies
    assert not found.left_out


def test_the_export_counts_and_ends_with_a_newline() -> None:
    text = ratings_jsonl(STUDY_ID, "a", ratings(ITEMS))
    header, *lines = text.splitlines()
    assert json.loads(header) == {
        "format": "lensbench-ratings",
        "version": 1,
        "study": STUDY_ID,
        "annotator": "a",
        "ratings": len(lines),
    }
    assert text.endswith("\n")
    assert set(json.loads(lines[0])) == {
        "item_id", "annotator", "state", "relations", "seconds", "at", "session"
    }  # fmt: skip


def test_csv_gives_the_same(tmp_path: Path) -> None:
    said = ratings(ITEMS)
    _, (path,) = as_csv(tmp_path, ITEMS, said)
    assert [rating.model_copy(update={"source": ""}) for rating in read(path).ratings] == said


def change(**values: Any) -> Change:
    return lambda row: row | values


BAD: dict[str, tuple[Change, str, str]] = {
    "unknown item": (change(item_id="item99"), "unknown item", "is none of the 12 items"),
    "no item": (change(item_id=None), "unknown item", "no item"),
    "no annotator": (change(annotator=""), "no annotator", "expected a pseudonym"),
    "none and words": (
        change(state="none", relations=["concrete"] * 5),
        "contradictory rating",
        "state none with the relations concrete",
    ),
    "selected and nothing": (
        change(state="selected", relations=["none"] * 5),
        "contradictory rating",
        "state selected with",
    ),
    "cannot tell and words": (
        change(state="cant_tell", relations=["none"] * 5),
        "contradictory rating",
        "state cant_tell with",
    ),
    "four relations": (
        change(state="selected", relations=["concrete"] * 4),
        "wrong number of relations",
        "4 relations for 5 words",
    ),
    "no relations": (change(state="selected", relations=[]), "wrong number of relations", "0 rel"),
    "unknown relation": (
        change(state="selected", relations=["colour"] * 5),
        "unknown relation",
        'relation "colour": expected concrete, abstract, global, none',
    ),
    "unknown state": (change(state="withdrawn"), "unknown state", "expected selected, none"),
    "relations no list": (change(relations={"a": 1}), "unreadable line", "expected a list"),
    "not JSON": (lambda row: json.dumps(row)[:-9], "unreadable line", "not JSON"),
    "no object": (lambda row: "[1, 2]", "unreadable line", "expected a JSON object"),
    "Latin-1": (
        lambda row: (
            json.dumps(row, ensure_ascii=False).replace("sitting", "séance").encode("latin-1")
        ),
        "unreadable line",
        "not valid text",
    ),
    "twice a key": (
        lambda row: '{"state": "none", ' + json.dumps(row)[1:],
        "unreadable line",
        "a key is there twice",
    ),
    "too deep": (lambda row: '{"a":' * 5000 + "1" + "}" * 5000, "unreadable line", "deep"),
    "wrong study": (change(study="other"), "wrong study", f"expected {STUDY_ID}"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_named_and_the_others_are_used(case: str, tmp_path: Path) -> None:
    how, reason, detail = BAD[case]
    good = rows()
    path = written(tmp_path, [good[0], how(good[1]), *good[2:]])
    found = read(path)
    assert [rating.item_id for rating in found.ratings] == [
        row["item_id"] for row in (good[0], *good[2:])
    ]
    (left,) = found.left_out
    assert left.reason == reason
    assert left.source == f"{path}, line 3"
    assert detail in left.detail
    assert "\n" not in left.detail
    if isinstance(how(good[1]), dict) and "item" not in case:
        assert left.item_id == good[1]["item_id"]


def test_details_never_repeat_much_of_the_file(tmp_path: Path) -> None:
    long = "x" * 5000
    good = rows()
    bad = [
        good[0] | {"item_id": long},
        good[1] | {"state": long},
        good[2] | {"state": "selected", "relations": [long] * 5},
        long,
    ]
    found = read(written(tmp_path, [*bad, good[3]]))
    assert len(found.left_out) == len(bad)
    assert all(entry.detail.count("x") < 62 for entry in found.left_out)
    assert all(len(entry.item_id) <= 200 for entry in found.left_out)


def test_half_a_file_is_noticed(tmp_path: Path) -> None:
    found = read(written(tmp_path, list(rows()), said=10))
    (left,) = found.left_out
    assert left.reason == "truncated file"
    assert left.detail.startswith("6 of 10 ratings are missing")
    assert left.source.endswith("ratings.jsonl, line 1")
    assert len(found.ratings) == 4


def test_the_second_half_of_a_file_is_used_and_named(tmp_path: Path) -> None:
    path = written(tmp_path, list(rows()))
    path.write_text("".join(path.read_text().splitlines(keepends=True)[2:]))
    found = read(path)
    assert len(found.ratings) == 3
    assert reasons(found) == ["truncated file"]
    assert "its first line is missing" in found.left_out[0].detail


def test_two_exports_in_one_file_are_counted_apart(tmp_path: Path) -> None:
    said = ratings(ITEMS)
    parts = []
    for name in PEOPLE:
        own = [rating for rating in said if rating.annotator == name]
        parts.append(ratings_jsonl(STUDY_ID, name, own))
    parts[1] = parts[1].rsplit("{", 1)[0]
    path = tmp_path / "joined.jsonl"
    path.write_text("".join(parts))
    found = read(path)
    assert len(found.ratings) == len(said) - 1
    assert reasons(found) == ["truncated file"]
    assert found.left_out[0].annotator == PEOPLE[1]


def test_labels_of_another_study_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(ratings_jsonl("another", "a", ratings(ITEMS)))
    with pytest.raises(MismatchError, match=rf'no rating of study {STUDY_ID}.*study "another"'):
        read(path)
    assert len(read_labels(ITEMS, "", path).ratings) == len(ratings(ITEMS))


def test_one_foreign_file_of_a_folder_is_left_out(tmp_path: Path) -> None:
    said = ratings(ITEMS)
    own = [rating for rating in said if rating.annotator == PEOPLE[0]]
    (tmp_path / "a.jsonl").write_text(ratings_jsonl(STUDY_ID, "", own))
    (tmp_path / "b.jsonl").write_text(ratings_jsonl("another", "", said))
    found = read(tmp_path)
    assert len(found.ratings) == len(own)
    assert set(reasons(found)) == {"wrong study"}
    assert len(found.left_out) == len(said)


def test_a_folder_names_the_files_it_cannot_use(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(ratings_jsonl(STUDY_ID, "", ratings(ITEMS)))
    (tmp_path / "b.jsonl").write_text("")
    (tmp_path / "c.csv").write_text("name,age\nx,1\n")
    (tmp_path / "d.jsonl").write_text('{"format": "other", "version": 1}\n')
    (tmp_path / "e.json").write_text("{}")
    (tmp_path / "study.json").write_text("{}")
    (tmp_path / "ada.html").write_text("<html>")
    found = read(tmp_path)
    named = {Path(entry.source.split(",")[0]).name: entry.reason for entry in found.left_out}
    assert named == {
        "b.jsonl": "unreadable file",
        "c.csv": "unreadable file",
        "d.jsonl": "unreadable file",
        "e.json": "not a label file",
    }
    assert len(found.ratings) == len(ratings(ITEMS))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("name,age\nx,1\n", r'read as CSV, as it begins with "name,age", .* no column item_id'),
        ('{"format": "lensbench-ratings", "version": 2}\n', "expected lensbench-ratings version 1"),
        ("item_id,annotator,state,relations,state\na,b,c,d,e\n", "a column is there twice"),
    ],
)
def test_a_file_that_is_no_labels_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_a_mistake_of_the_request(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read(tmp_path / "absent.jsonl")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_byte_order_marks_are_read(encoding: str, tmp_path: Path) -> None:
    said = ratings(ITEMS)
    text = ratings_jsonl(STUDY_ID, "", said)
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path = tmp_path / "ratings.jsonl"
    path.write_bytes((mark + text).replace("\n", "\r\n").encode(encoding))
    found = read(path)
    assert len(found.ratings) == len(said)
    assert not found.left_out


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (f"{STUDY_ID},item01,a,none,,1,,", "expected 8 fields, not 7"),
        (f'{STUDY_ID},"item01,a,none,,1,,', "its quotes are not closed"),
        (f"{STUDY_ID},item01,a,none,séance,1,,", "not valid text"),
    ],
)
def test_a_bad_csv_line_is_named(line: str, detail: str, tmp_path: Path) -> None:
    line = line if "fields" not in detail else line[:-1]
    _, (path,) = as_csv(tmp_path, ITEMS, ratings(ITEMS))
    path.write_bytes(path.read_bytes() + line.encode("latin-1") + b"\n")
    found = read(path)
    assert len(found.ratings) == len(ratings(ITEMS))
    assert [(entry.reason, entry.detail) for entry in found.left_out] == [
        ("unreadable line", detail)
    ]
    assert found.left_out[0].source == f"{path}, line {len(ratings(ITEMS)) + 2}"


def test_none_of_them_needs_no_list(tmp_path: Path) -> None:
    (rating,) = read(written(tmp_path, [rows()[0] | {"state": "none", "relations": []}])).ratings
    assert rating.relations == ("none",) * 5


def test_an_address_is_never_kept(tmp_path: Path) -> None:
    path = written(tmp_path, [rows()[0] | {"annotator": "ann@example.org"}])
    (rating,) = read(path).ratings
    assert rating.annotator.startswith("person-")
    assert "@" not in str(rating)


def test_odd_times_are_unknown(tmp_path: Path) -> None:
    odd = [
        row | {"seconds": seconds, "at": at}
        for row, seconds, at in zip(
            rows(), [-1, "NaN", "soon", True], ["yesterday", 5, None, "2026"], strict=True
        )
    ]
    path = written(tmp_path, odd)
    path.write_text(path.read_text().replace('"NaN"', "NaN"))
    found = read(path).ratings
    assert [(rating.seconds, rating.at) for rating in found] == [(None, "")] * 4
