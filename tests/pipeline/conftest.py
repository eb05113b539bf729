"""One corpus, one library and one finished run for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.runs import execute, small_options, write_small_corpus


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a text file of 400 phrases."""
    return write_small_corpus(tmp_path_factory.mktemp("corpus") / "phrases.txt")


@pytest.fixture(scope="session")
def finished(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a finished run; the library lies beside it. Do not change it."""
    return execute(small_options(small_corpus, tmp_path_factory.mktemp("runs")))
