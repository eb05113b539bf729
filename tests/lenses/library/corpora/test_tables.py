"""CSV, TSV, JSON lines and parquet, and how their column of phrases is chosen."""

from __future__ import annotations

import gzip
import json
import logging
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError, UsageError
from lenses.library.corpora.files import open_file

Rows = list[dict[str, object]]


def write(path: Path, rows: Rows) -> Path:
    """Write ``rows`` in the format that the name of ``path`` asks for."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".parquet":
        pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
        return path
    if ".jsonl" in path.suffixes:
        text = "".join(json.dumps(row) + "\n" for row in rows)
    else:
        comma = "\t" if ".tsv" in path.suffixes else ","
        lines: list[list[object]] = [[*names]]
        lines += [[row.get(name) for name in names] for row in rows]
        text = "".join(comma.join(map(quoted, line)) + "\r\n" for line in lines)
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def quoted(cell: object) -> str:
    return "" if cell is None else '"' + str(cell).replace('"', '""') + '"'


FORMATS = pytest.mark.parametrize(
    "name", ["a.csv", "a.csv.gz", "a.tsv", "a.tsv.gz", "a.jsonl", "a.jsonl.gz", "a.parquet"]
)


@FORMATS
def test_one_column_is_read(tmp_path: Path, name: str) -> None:
    """Cells with breaks become one line, missing ones are empty, quotation marks stay."""
    texts = ['a "big" cat, red', "two\r\nlines\u2028and\tmore", None, "", "café"]
    rows: Rows = [{"id": i, "url": "u", "caption": text} for i, text in enumerate(texts)]
    path = write(tmp_path / name, rows)
    found = open_file(f"{path}#caption")
    assert list(found.cells) == ['a "big" cat, red', "two lines and\tmore", "", "", "café"]
    assert found.name == f"{path}#caption"
    assert open_file(f"{path}#url").name == f"{path}#url"


@FORMATS
@pytest.mark.parametrize(
    ("row", "chosen"),
    [
        ({"id": 7, "words": "a cat"}, "words"),
        ({"url": "x", "Caption": "a cat", "id": 7}, "Caption"),
        ({"url": "x", "title": "a cat"}, None),
        ({"text": "x", "caption": "a cat"}, None),
    ],
)
def test_a_column_is_chosen_only_if_it_is_clear(
    tmp_path: Path,
    name: str,
    row: dict[str, object],
    chosen: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = write(tmp_path / name, [row, row])
    if chosen is None:
        with pytest.raises(UsageError, match=f"as .*#COLUMN; columns of text: {', '.join(row)}$"):
            open_file(str(path))
        return
    with caplog.at_level(logging.INFO):
        found = open_file(str(path))
    assert found.name == f"{path}#{chosen}"
    assert list(found.cells) == ["a cat", "a cat"]
    assert f"phrases are in column '{chosen}'" in caplog.text


@FORMATS
def test_a_missing_column_lists_those_there_are(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, [{"id": 1.5, "alt": "a cat", "text": "sky"}])
    with pytest.raises(UsageError, match=r"column 'txt' does not exist; columns of text: .*alt"):
        open_file(f"{path}#txt")


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_a_column_of_numbers_is_no_column_of_phrases(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, [{"id": 1, "text": "sky"}])
    with pytest.raises(UsageError, match="column 'id' does not hold text; columns of text: text"):
        open_file(f"{path}#id")
    path = write(tmp_path / name, [{"id": 1, "size": 2.5}])
    with pytest.raises(UsageError, match=r"no column holds text, of id, size$"):
        open_file(str(path))


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_csv_and_parquet_hold_the_same_phrases(cells: list[str]) -> None:
    """Whatever is in the cells, quoting keeps it in its row."""
    rows: Rows = [{"text": cell} for cell in ["first", *cells]]
    with tempfile.TemporaryDirectory() as folder:
        read = [
            [cell.strip() for cell in open_file(f"{write(Path(folder) / name, rows)}#text").cells]
            for name in ("a.csv", "a.parquet", "a.jsonl")
        ]
    assert read[0] == read[1] == read[2]
    assert len(read[0]) == len(rows)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"id,text\n1,a cat\n2,a,dog\n", "line 3: 3 cells, expected 2"),
        (b"id,text\n1,a cat\n2\n", "line 3: 1 cells, expected 2"),
        (b'id,text\n1,"a cat\n', "line 2: unexpected end of data"),
        (b'id,text\n1,"a" cat\n', "line 2: ',' expected after '\"'"),
        (b"id,text\n1,a caf\xe9\n", "line 2: not UTF-8 text"),
        (b"id,text\n1,a\0b\n", "line 2: a NUL byte"),
        (b"", "the first line names no columns"),
        (b",\n1,2\n", "the first line names no columns"),
        (b"id,text\n1," + b"x" * 200_000, "line 2: field larger than field limit"),
    ],
)
def test_bad_csv_names_the_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=rf"a\.csv.* {message}"):
        list(open_file(f"{path}#text").cells)


def test_csv_counts_blank_lines_and_drops_the_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf text \n\na cat\n")
    assert list(open_file(f"{path}#text").cells) == ["", "a cat"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"text": "a"}\n{"text": \n', "line 2: not JSON"),
        (b'{"text": "a"}\n["a"]\n', "line 2: expected a JSON object"),
        (b'{"text": "a"}\n{"text": 7}\n', "line 2: 'text' is int, expected a string or null"),
        (b'{"text": "a"}\n{"text": ["b"]}\n', "line 2: 'text' is list"),
        (b'{"text": "a"}\n' + b"[" * 100_000, "line 2: not JSON"),
        (b'{"text": "a"}\n\xff\n', "line 2: not UTF-8 text"),
    ],
)
def test_bad_json_names_the_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    with pytest.raises(DataError, match=rf"a\.jsonl, {message}"):
        list(open_file(f"{path}#text").cells)


def test_fields_may_be_absent_and_lines_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": 1}\n\n{"text": "a cat"}\n{"text": null}\n')
    assert list(open_file(str(path)).cells) == ["", "", "a cat", ""]


def test_parquet_of_other_string_types(tmp_path: Path) -> None:
    """Dictionary-encoded and large strings, in several row groups."""
    texts = ["a cat", "sky", None, "a cat"] * 5
    for kind in (pa.dictionary(pa.int32(), pa.string()), pa.large_string(), pa.string()):
        table = pa.table({"caption": pa.array(texts, pa.string()).cast(kind)})
        pq.write_table(table, tmp_path / "a.parquet", row_group_size=3)
        cells = open_file(str(tmp_path / "a.parquet")).cells
        assert list(cells) == [text or "" for text in texts]


def test_bad_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 is not enough")
    with pytest.raises(DataError, match="cannot read corpus"):
        open_file(str(path))
    latin = pa.array([b"a cat", b"a caf\xe9"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": latin}), path)
    with pytest.raises(DataError, match=r"a\.parquet, row 2: not UTF-8 text"):
        list(open_file(str(path)).cells)
    rows = pa.table({"text": [f"phrase {number}" for number in range(5000)]})
    pq.write_table(rows, path, compression="none", use_dictionary=False)
    data = bytearray(path.read_bytes())
    data[4:40] = bytes(36)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"cannot read corpus .*after row 0"):
        list(open_file(str(path)).cells)
