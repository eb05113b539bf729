"""Bytes to text and JSON: encodings, cut-off files and short excerpts."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import DataError, UsageError
from human_eval.formats.reading import (
    CutOffError,
    bytes_of,
    document,
    excerpt,
    files_of,
    lines_of,
    parsed,
    place,
)


def test_excerpts_are_short_and_hide_nothing() -> None:
    assert excerpt("dog") == '"dog"'
    assert excerpt("x" * 61) == '"' + "x" * 59 + '…"'
    assert excerpt("a\u202eb\n") == '"a\\u202eb\\n"'
    assert excerpt(["a", 1]) == "\"['a', 1]\""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_documents_of_every_encoding(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes('{"wörd": ["🙂"]}'.encode(encoding))
    assert document(path) == {"wörd": ["🙂"]}


@pytest.mark.parametrize(("mark", "at"), [(b"", 7), (b"\xef\xbb\xbf", 10)])
def test_a_document_that_is_no_text_names_the_byte(mark: bytes, at: int, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(mark + '{"a": "é"}'.encode("latin-1"))
    with pytest.raises(DataError, match=f"byte {at} is not valid UTF-8; expected UTF-8, or"):
        document(path)


@pytest.mark.parametrize("text", ['[{"a": 1}', '{"a": "b', '{"a": [1, 2], "b', "[1, [2, 3]", "{"])
def test_a_cut_off_document_says_so(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(CutOffError, match="is cut off"):
        document(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n"a": 1,\n"b" 2}', "line 3: not JSON"),
        ('{"a": 1, "a": 2}', "a key is there twice"),
        ("[" * 9000 + "]" * 9000, "nested too deeply"),
    ],
)
def test_a_broken_document_names_the_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        document(path)
    assert not isinstance(caught.value, CutOffError)


def test_empty_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf\n")
    with pytest.raises(DataError, match="is empty"):
        lines_of(tmp_path / "a")
    (tmp_path / "b").write_bytes(b" \n")
    with pytest.raises(DataError, match="is empty"):
        bytes_of(tmp_path / "b")
    with pytest.raises(UsageError, match="does not exist"):
        document(tmp_path / "c")
    with pytest.raises(DataError, match="cannot read"):
        document(tmp_path)


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes("a\r\n\n\u2028b\n".encode() + b"\xe9\n" + b"c ")
    assert [(line.number, line.text) for line in lines_of(path)] == [
        (1, "a"), (3, "\u2028b"), (4, None), (5, "c ")
    ]  # fmt: skip


def test_half_a_character_at_the_end_of_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes("a\nb".encode("utf-16")[:-1])
    assert [line.text for line in lines_of(path)] == ["a"]
    path.write_bytes("a\n🙂".encode("utf-16")[:-2])
    assert [line.text for line in lines_of(path)] == ["a", None]


def test_parsed_values_can_always_be_written() -> None:
    value = parsed('{"a\\ud800": ["\\udc00b", "\\ud83d\\ude42"], "c": NaN, "d": -Infinity}')
    assert value == {"a\ufffd": ["\ufffdb", "🙂"], "c": None, "d": None}


def test_files_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "x.csv", ".c.json", "known.jsonl", "page.html"):
        (tmp_path / name).touch()
    files = files_of(tmp_path, ("[ab].json",), beside=("known.jsonl",))
    assert [path.name for path in files.found] == ["a.json", "b.json"]
    assert [path.name for path in files.others] == ["x.csv"]
    assert files.folder
    assert files_of(tmp_path / "x.csv", ("*.json",)).found == (tmp_path / "x.csv",)


def test_a_place_can_be_written_whatever_the_name() -> None:
    place(Path("a\udce9.json"), "line 3").encode()
