"""The bundled reference corpus, written once and shipped."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

from harness.core.files import write_bytes_atomic
from harness.mini.grammar import caption
from harness.mini.phrases import reference_corpus
from harness.mini.recipe.evaluate import TEST_SEEDS
from harness.mini.scenes import sample_scene
from harness.mini.source import HELD_OUT

PHRASES: Final = 24_000


def held_out_captions() -> frozenset[str]:
    """Return the captions of all scenes that boards or gates use."""
    return frozenset(caption(sample_scene(seed)) for seed in (*HELD_OUT, *TEST_SEEDS))


def corpus_lines() -> list[str]:
    """Return the reference corpus: distinct phrases, no caption of a held-out scene."""
    return reference_corpus(PHRASES, held_out_captions())


def write_corpus(path: Path) -> None:
    """Write the corpus as gzip text, one phrase a line, with bytes that depend on it alone."""
    text = "".join(line + "\n" for line in corpus_lines())
    write_bytes_atomic(path, gzip.compress(text.encode(), mtime=0))
