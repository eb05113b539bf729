from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.board import BoardRow
from reports.exports import FIELDS, board_csv, board_json, board_latex, board_markdown
from tests.reports.made_boards import made_source

ODD = r'a_b % & # $ ~ ^ \ { } | < > "q", `c` *d* [e]' + " \u00e9 \u4e2d \u202e x--y"
ROW = BoardRow(
    model="mini",
    source="mini 01",
    lens="latent",
    kind="lens",
    layer=None,
    judge="gpt-5",
    definition="concrete+abstract",
    hits=3,
    n=8,
    total=10,
    unscored={"refusal": 1, "missing": 1},
    estimate=0.375,
    low=0.0625,
    high=2 / 3,
    tier=1,
    best_rank=1,
    worst_rank=2,
    gain=-0.00004,
    borda=2.0,
)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=40)


def changed(**update: Any) -> BoardRow:
    return ROW.model_copy(update=update)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_plain_numbers_and_empty_fields() -> None:
    (row,) = read(board_csv([ROW]))
    assert tuple(row) == FIELDS == tuple(BoardRow.model_fields)
    assert row["estimate"] == "0.375000"
    assert row["high"] == "0.666667"
    assert row["gain"] == "-0.000040"
    assert row["hits"] == "3"
    assert row["layer"] == "mean"
    assert row["same_as_layer_0"] == "false"
    assert row["unscored"] == "missing=1;refusal=1"
    assert (row["lower_bound"], row["control"], row["problem"]) == ("", "", "")


def test_json_holds_the_records() -> None:
    rows = made_source(same=(1,)).rows
    found = [BoardRow.model_validate(each) for each in json.loads(board_json(rows))]
    assert len(found) == len(rows)
    for row, again in zip(rows, found, strict=True):
        for name in FIELDS:
            value = getattr(row, name)
            expected = pytest.approx(value, abs=5e-7) if isinstance(value, float) else value
            assert getattr(again, name) == expected


def test_csv_and_json_tell_the_same() -> None:
    rows = made_source(same=(1,)).rows
    for row, record in zip(read(board_csv(rows)), json.loads(board_json(rows)), strict=True):
        for name in ("estimate", "low", "effective_n", "n", "tier", "gain"):
            assert (float(row[name]) if row[name] else None) == record[name]


@given(TEXTS, TEXTS)
def test_csv_and_json_keep_any_text(model: str, problem: str) -> None:
    rows = [changed(model=model, problem=problem, lens='a "b", c\nd')]
    (row,) = read(board_csv(rows))
    assert (row["model"], row["problem"], row["lens"]) == (model, problem, 'a "b", c\nd')
    (record,) = json.loads(board_json(rows))
    assert (record["model"], record["problem"]) == (model, problem)


@given(TEXTS)
def test_markdown_has_as_many_cells_whatever_a_name_holds(name: str) -> None:
    header, _, *rows = board_markdown([changed(lens=name), changed(model=name)]).splitlines()
    for line in rows:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == header.count("|")


def test_markdown_is_readable_and_escaped() -> None:
    text = board_markdown([ROW, changed(lens=ODD, model="", layer=4, same_as_layer_0=True)])
    plain, odd = text.splitlines()[2:]
    assert plain.startswith(
        r"| mini | latent | mean | 0.375 \[0.062, 0.667\] | 3 of 8 | 2 | -0.000 | 1 | 1-2 | gpt-5 |"
    )
    assert odd.startswith("| mean over models | ")
    assert r"a\_b % \& # \$ \~ ^ \\ { } \| \< \>" in odd
    assert "| 4 (= 0) |" in odd


@given(TEXTS)
def test_latex_is_balanced_whatever_a_name_holds(name: str) -> None:
    text = board_latex([changed(lens=name, problem=name)])
    plain = re.sub(r"\\[{}&%#$_]", "", text)
    depth = 0
    for letter in plain:
        depth += (letter == "{") - (letter == "}")
        assert depth >= 0
    assert depth == 0
    head, row = (line for line in text.splitlines() if line.endswith(r" \\"))
    assert len(re.findall(r"(?<!\\)&", row)) == head.count("&") == 12
    assert not re.search(r"(?<!\\)[%#$_]", row)
    assert not re.search(r"[~^|<>]", row)


def test_latex_escapes_each_special() -> None:
    text = board_latex([changed(lens=ODD)])
    assert (
        r"a\_b \% \& \# \$ \textasciitilde{} \textasciicircum{} \textbackslash{} \{ \} "
        r"\textbar{} \textless{} \textgreater{}" in text
    )
    assert "x-{}-y" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1


@pytest.mark.parametrize("name", ["[x]", "*x"])
def test_no_name_is_read_as_an_option_of_a_line_break(name: str) -> None:
    assert f"\n{{{name[0]}}}{name[1:]} & " in board_latex([changed(model=name)])


def test_an_empty_board_is_a_valid_file() -> None:
    assert read(board_csv([])) == []
    assert json.loads(board_json([])) == []
    assert len(board_markdown([]).splitlines()) == 2
    assert r"\end{tabular}" in board_latex([])


def test_a_published_row_without_counts_has_dashes() -> None:
    row = changed(hits=None, n=None, total=None, unscored={}, low=None, high=None, tier=None)
    cells = board_markdown([row]).splitlines()[2].split(" | ")
    assert cells[3:9] == ["0.375", "-", "-", "-0.000", "-", "1-2"]
