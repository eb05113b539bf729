from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import DataError, UsageError
from harness.core.ids import sha256_lines
from harness.core.registry import Registry
from lenses.library import corpus as module
from lenses.library.corpora import registry
from lenses.library.corpora.phrases import NamedCorpus, Phrases
from lenses.library.corpus import collect, read_corpus


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["phrases.txt", "phrases.txt.gz"])
def test_lines_are_cleaned_counted_and_hashed(tmp_path: Path, name: str) -> None:
    data = "\ufeffsky\r\n\n  a café \r\nsky\n   \na cat".encode()
    corpus = read_corpus(write(tmp_path / name, data))
    assert corpus.lines == ("sky", "a café", "a cat")
    assert (corpus.read, corpus.empty, corpus.duplicates) == (6, 2, 1)
    assert corpus.sha256 == sha256_lines(["a café", "a cat", "sky"])
    assert corpus.order_sha256 == sha256_lines(["sky", "a café", "a cat"])
    assert corpus.name == str(tmp_path / name)


CELLS = st.lists(st.sampled_from(["a cat", " a cat ", "sky", "", "  ", "é", "z", "\U0001f408"]))


@given(CELLS.filter(lambda cells: any(map(str.strip, cells))), st.randoms())
def test_the_hash_is_of_the_content_and_the_counts_add_up(cells: list[str], lot: object) -> None:
    """Any order gives one hash; the hash of the order tells orders apart."""
    corpus = collect(Phrases("x", iter(cells)))
    assert corpus.read == len(cells) == len(corpus.lines) + corpus.empty + corpus.duplicates
    assert len(set(corpus.lines)) == len(corpus.lines)
    shuffled = list(cells)
    lot.shuffle(shuffled)  # type: ignore[attr-defined]
    other = collect(Phrases("x", iter(shuffled)))
    assert other.sha256 == corpus.sha256
    assert (other.order_sha256 == corpus.order_sha256) == (other.lines == corpus.lines)


def test_other_phrases_have_another_hash() -> None:
    hashes = {collect(Phrases("x", iter(cells))).sha256 for cells in (["a"], ["b"], ["a", "b"])}
    assert len(hashes) == 3


def test_corpora_longer_than_a_batch_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 4)
    cells = [f"phrase {number % 23}" for number in range(50)]
    corpus = collect(Phrases("x", iter([*cells, "", "last"])))
    assert corpus.lines == (*dict.fromkeys(cells), "last")
    assert (corpus.read, corpus.empty, corpus.duplicates) == (52, 1, 27)


def test_bundled_names_resolve_through_the_mapping(tmp_path: Path) -> None:
    path = write(tmp_path / "bundled.txt.gz", b"a cat\n")
    corpus = read_corpus("mini", {"mini": path})
    assert corpus.name == "mini"
    assert corpus.lines == ("a cat",)
    with pytest.raises(UsageError, match=r"unknown corpus 'mimi': did you mean mini\? .*wordnet"):
        read_corpus("mimi", {"mini": path})


def test_registered_names_are_found_before_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A corpus that is not on this machine says how to get it."""

    def read(path: Path) -> Iterator[str]:
        yield from ("a cat", path.name)

    here = NamedCorpus("text", "two phrases", lambda: tmp_path / "x", read, "is not here")
    gone = NamedCorpus("text", "nothing", lambda: None, read, "is not here: get it somewhere")
    known: Registry[NamedCorpus] = Registry("corpus", {})
    known.register("here", here)
    known.register("gone", gone)
    for place in (module, registry):
        monkeypatch.setattr(place, "CORPORA", known)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    assert read_corpus("here").lines == ("a cat", "x")
    assert read_corpus("here").name == "here"
    with pytest.raises(DataError, match="corpus 'gone' is not here: get it somewhere"):
        read_corpus("gone")


def test_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path / "latin.txt", b"a cat\n\na caf\xe9\n")
    with pytest.raises(DataError, match="latin.txt, line 3: not UTF-8"):
        read_corpus(path)


@pytest.mark.parametrize("data", [b"", b"\n \n\t\n", b"\xef\xbb\xbf"])
def test_a_corpus_without_phrases_is_an_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DataError, match="no phrase in it"):
        read_corpus(write(tmp_path / "empty.txt", data))


def test_text_without_a_utf8_form_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", b'{"text": "a cat"}\n{"text": "half \\ud83d"}\n')
    with pytest.raises(DataError, match=r"x.jsonl#text: half of a surrogate pair in 'half "):
        read_corpus(path)


def test_wrong_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_corpus(tmp_path / "missing.txt", {"mini": tmp_path / "other.txt"})
    with pytest.raises(UsageError, match=r"expected a file that ends in \.txt, .*\.parquet"):
        read_corpus(write(tmp_path / "phrases.docx", b"a cat\n"))
    text = write(tmp_path / "phrases.txt", b"a cat\n")
    with pytest.raises(UsageError, match="a text file has no columns"):
        read_corpus(f"{text}#caption")


def test_a_number_sign_may_be_part_of_a_file_name(tmp_path: Path) -> None:
    assert read_corpus(write(tmp_path / "a#b.txt", b"a cat\n")).lines == ("a cat",)
    table = write(tmp_path / "a#b.csv", b"id,x\n1,a cat\n")
    assert read_corpus(f"{table}#x").name == f"{table}#x"
