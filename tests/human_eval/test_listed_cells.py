"""Lists of cells that someone wants people to rate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import DataError, LensbenchError, UsageError
from human_eval.listed_cells import ListedCell, given_items, read_cells
from tests.human_eval.boards import board

BOARD = board(2, 2)


def listed(lens: str, layer: int, patch_id: str, line: int = 2) -> ListedCell:
    return ListedCell(lens, layer, patch_id, f"cells.csv, line {line}")


def write(folder: Path, data: str | bytes, name: str = "cells.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_csv_and_json_lines_list_the_same_cells(tmp_path: Path) -> None:
    table = write(
        tmp_path, "\ufeffpatch_id,lens,note,layer\r\npatch-0-0,latent,x,0\r\n\r\np, logit ,y,8\r\n"
    )
    lines = write(
        tmp_path,
        '{"lens": "latent", "layer": 0, "patch_id": "patch-0-0"}\n\n'
        '{"lens": "logit", "layer": 8, "patch_id": "p", "note": 1}\n',
        "cells.jsonl",
    )
    assert read_cells(table) == [
        ("latent", 0, "patch-0-0", f"{table}, line 2"),
        ("logit", 8, "p", f"{table}, line 4"),
    ]
    assert [cell[:3] for cell in read_cells(lines)] == [cell[:3] for cell in read_cells(table)]
    assert read_cells(lines)[1].place == f"{lines}, line 3"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"lens,layer\nlatent,0\n", "line 1: no column patch_id"),
        (b"", "line 1: no column lens, layer, patch_id"),
        (b"lens,layer,patch_id\nlatent,0\n", "line 2: expected 3 values"),
        (b"lens,layer,patch_id\nlatent,0,p,q\n", "line 2: expected 3 values"),
        (b"lens,layer,patch_id\nlatent,0,p\nlatent,-1,p\n", "line 3: layer '-1'"),
        (b"lens,layer,patch_id\nlatent,\xc2\xb2,p\n", "line 2: layer '\u00b2'"),
        (b"lens,layer,patch_id\nlatent, ,p\n", "line 2: layer ' '"),
        (b"lens,layer,patch_id\n,0,p\n", "line 2: lens ''"),
        (b"lens,layer,patch_id\nlatent,0,p\nlogit,0,caf\xe9\n", "line 3: expected UTF-8"),
        (b'lens,layer,patch_id\n"latent,0,p\n', "line 2: unexpected end of data"),
        (b"lens,layer,patch_id\n", "lists no cells"),
    ],
)
def test_a_bad_table_is_named_by_line(tmp_path: Path, data: bytes, said: str) -> None:
    path = write(tmp_path, data)
    with pytest.raises(LensbenchError) as caught:
        read_cells(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"lens": "latent", "layer": 0, "patch_', "line 2: not JSON"),
        ("[1, 2]", "line 2: no lens, layer, patch_id"),
        ('{"lens": "latent", "layer": 0}', "line 2: no patch_id"),
        ('{"lens": "latent", "layer": true, "patch_id": "p"}', "line 2: layer True"),
        ('{"lens": "latent", "layer": 1.5, "patch_id": "p"}', "line 2: layer 1.5"),
        ('{"lens": 3, "layer": 1, "patch_id": "p"}', "line 2: lens 3"),
    ],
)
def test_a_bad_json_line_is_named_by_line(tmp_path: Path, line: str, said: str) -> None:
    good = '{"lens": "latent", "layer": 0, "patch_id": "p"}\n'
    with pytest.raises(DataError) as caught:
        read_cells(write(tmp_path, good + line + "\n", "cells.jsonl"))
    assert said in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        read_cells(tmp_path / "none.csv")
    with pytest.raises(DataError, match="cannot read"):
        read_cells(tmp_path)


def test_listed_cells_become_items_of_weight_one_in_any_order() -> None:
    wanted = [listed("latent", 8, "patch-0-1"), listed("random", 31, "patch-1-0", 3)]
    sample = given_items(BOARD, wanted, model="m", patch_types={"patch-1-0": "background"})
    assert (sample.cells, sample.excluded) == (2, 0)
    found = {item.patch_id: item for item in sample.items}
    (cell,) = found["patch-1-0"].cells
    assert (cell.lens, cell.kind, cell.layer, cell.band, cell.weight) == (
        "random",
        "control",
        31,
        "24-31",
        1.0,
    )
    assert found["patch-1-0"].patch_type == "background"
    assert found["patch-0-1"].words == ("latent 8", "word")
    again = given_items(
        BOARD[::-1], wanted[::-1], model="m", patch_types={"patch-1-0": "background"}
    )
    assert again == sample


def test_cells_without_words_are_counted_and_not_asked() -> None:
    silent = [replace(cell, words=("",)) if cell.layer == 8 else cell for cell in BOARD]
    sample = given_items(
        silent, [listed("latent", 8, "patch-0-1"), listed("latent", 4, "patch-0-1", 3)]
    )
    assert (sample.cells, sample.excluded) == (1, 1)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (listed("latant", 0, "patch-0-0"), "line 2: unknown lens 'latant': did you mean latent"),
        (listed("latent", 3, "patch-0-0"), "line 2: latent has no layer 3: known: 0, 1, 2, 4"),
        (
            listed("latent", 0, "patch-0-9"),
            "line 2: unknown patch 'patch-0-9': did you mean patch-0-1 or patch-0-0",
        ),
        (listed("latent", 0, "zzz"), "'zzz': expected one of the 4 patches"),
    ],
)
def test_cells_that_are_not_on_the_board_are_named(wanted: ListedCell, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        given_items(BOARD, [wanted])
    assert said in str(caught.value)


def test_a_cell_listed_twice_is_named_with_both_lines() -> None:
    with pytest.raises(UsageError, match=r"line 9: latent .* before, in cells.csv, line 2"):
        given_items(BOARD, [listed("latent", 0, "patch-0-0"), listed("latent", 0, "patch-0-0", 9)])
