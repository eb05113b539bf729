from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.core.errors import DataError
from lenses.library.corpora import latentlens
from lenses.library.corpora.latentlens import LATENTLENS, find_sentences
from lenses.library.corpus import read_corpus


def test_the_file_is_found_without_importing_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "latentlens"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.delitem(sys.modules, "latentlens", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        DataError, match="'latentlens' is not on .*pip install --no-deps latentlens"
    ):
        read_corpus("latentlens")
    (package / "data" / "concepts.txt").write_text("The aa lava flowed.\nA cat.\nA cat.\n")
    corpus = read_corpus("latentlens")
    assert corpus.lines == ("The aa lava flowed.", "A cat.")
    assert (corpus.name, corpus.read, corpus.duplicates) == ("latentlens", 3, 1)
    found = find_sentences()
    assert found == package / "data" / "concepts.txt"
    assert LATENTLENS.count is not None
    assert LATENTLENS.count(found) == 3
    assert "latentlens" not in sys.modules


def test_no_package_is_no_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latentlens, "_PACKAGE", "lensbench_no_such_package")
    assert find_sentences() is None
