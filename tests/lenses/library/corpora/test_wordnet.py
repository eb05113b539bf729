from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from harness.core.errors import DataError
from lenses.library.corpora import wordnet
from lenses.library.corpora.wordnet import FILES, find_wordnet, phrases_of_gloss, read_glosses
from lenses.library.corpus import read_corpus

HEADER = "  1 This software and database is being provided to you, the LICENSEE | by no one\n"
NOUN = (
    '02121620 05 n 02 cat 0 true_cat 0 001 @ 02120997 n 0000 | feline mammal; no bark; "a cat"; '
    '"the cat\'s tail"- Shakespeare  \n'
    "00001740 03 n 01 entity 0 000 | that which exists  \n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a tiny WordNet that nothing points to; none other can be found."""
    for name in ("WNSEARCHDIR", "WNHOME", "NLTK_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(wordnet, "_usual", lambda: ())
    path = tmp_path / "dict"
    path.mkdir()
    for name in FILES:
        (path / name).write_text(HEADER + (NOUN if name == "data.noun" else ""))
    (path / "data.adv").write_text(HEADER + '00001837 02 r 01 a_cappella 0 000 | "sing"; sung\n')
    return path


@pytest.mark.parametrize(
    ("gloss", "phrases"),
    [
        ("a thing  ", ["a thing"]),
        ('a thing; in parts; "a part"; "another"', ["a thing; in parts", "a part", "another"]),
        ('of worth; "to be"- Shakespeare; "or not"', ["of worth", "to be", "or not"]),
        ('(in "make strides"); "they made strides"', ['(in "make strides")', "they made strides"]),
        ('as in the expression "on the job";', ['as in the expression "on the job"']),
        ('no end; "half of', ["no end", "half of"]),
        ('"only an example"', ["only an example"]),
        ("a thing; ", ["a thing"]),
    ],
)  # fmt: skip
def test_a_gloss_is_a_definition_and_examples(gloss: str, phrases: list[str]) -> None:
    assert phrases_of_gloss(gloss) == phrases


def test_all_files_are_read_without_licence_and_marks(folder: Path) -> None:
    assert list(read_glosses(folder)) == [
        "feline mammal; no bark",
        "a cat",
        "the cat's tail",
        "that which exists",
        "sing",
    ]


def test_it_is_found_where_the_environment_points(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=r"corpus 'wordnet' is not on .* install wordnet-base"):
        read_corpus("wordnet")
    monkeypatch.setenv("WNHOME", str(tmp_path))
    assert find_wordnet() == folder
    assert read_corpus("wordnet").lines[0] == "feline mammal; no bark"
    (folder / "data.verb").unlink()
    assert find_wordnet() is None
    (folder / "data.verb").write_text(HEADER)
    monkeypatch.setenv("WNSEARCHDIR", str(tmp_path / "nothing"))
    assert find_wordnet() == folder


@pytest.mark.parametrize("packed", [False, True])
def test_it_is_found_in_the_data_of_nltk(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    corpora = tmp_path / "data" / "corpora"
    corpora.mkdir(parents=True)
    if packed:
        with zipfile.ZipFile(corpora / "wordnet.zip", "w") as archive:
            for name in FILES:
                archive.write(folder / name, f"wordnet/{name}")
    else:
        folder.rename(corpora / "wordnet")
    monkeypatch.setenv("NLTK_DATA", f"{tmp_path}/other:{tmp_path}/data")
    assert len(read_corpus("wordnet").lines) == 5


def test_a_broken_file_names_the_line(folder: Path) -> None:
    (folder / "data.noun").write_text(HEADER + "00001740 03 n 01 entity 0 000\n")
    with pytest.raises(DataError, match=r"data\.noun, line 2: no gloss in it"):
        list(read_glosses(folder))
    (folder / "data.noun").write_bytes(HEADER.encode() + b"0 | caf\xe9\n")
    with pytest.raises(DataError, match=r"data\.noun, line 2: not UTF-8"):
        list(read_glosses(folder))
    (folder / "data.noun").unlink()
    with pytest.raises(DataError, match="cannot read corpus"):
        list(read_glosses(folder))
