from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from harness.core.errors import DataError, UsageError
from harness.core.ids import sha256_lines
from lenses.library.corpus import read_corpus


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["phrases.txt", "phrases.txt.gz"])
def test_lines_are_cleaned_counted_and_hashed(tmp_path: Path, name: str) -> None:
    data = "\ufeffa cat\r\n\n  a café \na cat\n   \nsky".encode()
    corpus = read_corpus(write(tmp_path / name, data))
    assert corpus.lines == ("a cat", "a café", "sky")
    assert (corpus.empty, corpus.duplicates) == (2, 1)
    assert corpus.sha256 == sha256_lines(["a cat", "a café", "sky"])


def test_only_newlines_end_a_phrase(tmp_path: Path) -> None:
    corpus = read_corpus(write(tmp_path / "a.txt", "one\u2028still one\x0cstill\ntwo\n".encode()))
    assert corpus.lines == ("one\u2028still one\x0cstill", "two")


def test_names_resolve_through_the_mapping(tmp_path: Path) -> None:
    path = write(tmp_path / "bundled.txt.gz", b"a cat\n")
    corpus = read_corpus("mini", {"mini": path})
    assert corpus.name == "mini"
    assert corpus.lines == ("a cat",)
    with pytest.raises(UsageError, match="unknown corpus 'mimi': did you mean mini"):
        read_corpus("mimi", {"mini": path})


def test_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path / "latin.txt", b"a cat\n\na caf\xe9\n")
    with pytest.raises(DataError, match="latin.txt, line 3: not UTF-8"):
        read_corpus(path)


@pytest.mark.parametrize("data", [b"", b"\n \n\t\n"])
def test_a_corpus_without_phrases_is_an_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DataError, match="no phrase in it"):
        read_corpus(write(tmp_path / "empty.txt", data))


def test_unreadable_sources(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_corpus(tmp_path / "missing.txt", {"mini": tmp_path / "other.txt"})
    with pytest.raises(UsageError, match="expected a .txt or .txt.gz file"):
        read_corpus(write(tmp_path / "phrases.csv", b"a cat\n"))
    broken = tmp_path / "broken.txt.gz"
    broken.write_bytes(gzip.compress(b"a cat\n" * 1000)[:-12])
    with pytest.raises(DataError, match="cannot read corpus"):
        read_corpus(broken)
    broken.write_bytes(b"not gzip")
    with pytest.raises(DataError, match="cannot read corpus"):
        read_corpus(broken)
