"""Items from a study or a table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.core.errors import DataError, UsageError
from harness.core.ratings import Item
from human_eval.formats.intake import Intake
from human_eval.formats.items import UNNAMED, read_items
from tests.human_eval.formats.a_labelled_study import STUDY_ID, item_rows, items, study

HEADER = "item_id,image_id,words,lens,layer,kind,weight\n"


def of_text(tmp_path: Path, text: str) -> tuple[list[Item], list[tuple[str, str]]]:
    path = tmp_path / "items"
    path.write_text(text)
    intake = Intake()
    found = list(read_items(path, intake).items.values())
    return found, [(entry.reason, entry.detail) for entry in intake.left_out]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_study_is_read_from_its_file_or_folder(indent: int | None, tmp_path: Path) -> None:
    asked = items()
    (tmp_path / "study.json").write_text(study(asked).model_dump_json(indent=indent))
    for path in (tmp_path, tmp_path / "study.json"):
        found = read_items(path, Intake())
        assert list(found.items.values()) == asked
        assert found.study_id == STUDY_ID


def test_a_broken_study_is_refused(tmp_path: Path) -> None:
    value = json.loads(study(items()).model_dump_json()) | {"shows": "pictures"}
    path = tmp_path / "study.json"
    path.write_text(json.dumps(value))
    with pytest.raises(DataError, match='no study: "shows"'):
        read_items(path, Intake())
    path.write_text('{\n"a": 1\n}')
    with pytest.raises(DataError, match="read as one JSON object, and it is no study"):
        read_items(path, Intake())
    with pytest.raises(UsageError, match="does not exist"):
        read_items(tmp_path / "absent", Intake())


def test_tables_of_every_form(tmp_path: Path) -> None:
    rows = item_rows(items())
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    assert of_text(tmp_path, lines) == (items(), [])
    assert of_text(tmp_path, json.dumps(rows, indent=1)) == (items(), [])
    records = "".join(item.model_dump_json() + "\n" for item in items())
    assert of_text(tmp_path, records) == (items(), [])


def test_csv_columns(tmp_path: Path) -> None:
    found, left = of_text(
        tmp_path,
        HEADER + 'a,m,x| y|z,logit,3,control,2.5\nb,m,"[""p|q"", ""r\\r\\n""]",,,,\n',
    )
    assert not left
    first, second = found
    assert first.words == ("x", " y", "z")
    (cell,) = first.cells
    assert (cell.lens, cell.layer, cell.kind, cell.weight) == ("logit", 3, "control", 2.5)
    assert second.words == ("p|q", "r\r\n")
    (cell,) = second.cells
    assert (cell.lens, cell.layer, cell.kind, cell.weight) == (UNNAMED, None, "lens", 1.0)


def test_rows_of_one_item_are_its_cells(tmp_path: Path) -> None:
    found, left = of_text(
        tmp_path, HEADER + "a,m,x,logit,3,,2\nb,m,y,logit,3,,2\na,m,x,latent,3,,7\n"
    )
    assert not left
    assert [item.item_id for item in found] == ["a", "b"]
    assert [(cell.lens, cell.weight) for cell in found[0].cells] == [
        ("logit", 2.0),
        ("latent", 7.0),
    ]


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        ("a,m,other,logit,3,,", "duplicate item", "other words or image"),
        ("a,m,x,logit,3,,2", "duplicate item", "the same row"),
        (",m,x,logit,3,,", "unusable item", "it has no item_id"),
        ("c,,,logit,3,,", "unusable item", "it has no image_id and no words"),
        ("c,m,x,logit,three,,", "unusable item", 'layer "three": expected a whole number'),
        ("c,m,x,logit,-1,,", "unusable item", "expected a whole number"),
        ("c,m,x,logit,3,row,", "unusable item", 'kind "row": expected lens or control'),
        ("c,m,x,logit,3,,0", "unusable item", 'weight "0": expected a number above 0'),
        ("c,m,x,logit,3,,nan", "unusable item", "expected a number above 0"),
        ("c,m", "unusable item", "expected 7 fields, not 2"),
    ],
)
def test_a_bad_row_is_named(line: str, reason: str, detail: str, tmp_path: Path) -> None:
    found, left = of_text(tmp_path, HEADER + "a,m,x,logit,3,,2\n" + line + "\n")
    assert [item.item_id for item in found] == ["a"]
    assert [entry for entry, _ in left] == [reason]
    assert detail in left[0][1]


def test_a_bad_line_does_not_spoil_a_table(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in item_rows(items())]
    lines[0] = lines[0][:-5]
    found, left = of_text(tmp_path, "\n".join(lines))
    assert found == items()[1:]
    assert [reason for reason, _ in left] == ["unusable item"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item_id,words\na,b\n", "no column image_id"),
        (HEADER, "holds no item: it has no row; expected columns item_id, image_id, words"),
        ('{"item_id": "a"}\n', "holds no item: it has no image_id and no words"),
    ],
)
def test_a_file_without_items_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        of_text(tmp_path, text)
