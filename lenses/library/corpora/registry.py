"""Corpora by name; third parties add theirs under the entry-point group ``lensbench.corpora``."""

from __future__ import annotations

from typing import Final

from harness.core.errors import DataError
from harness.core.registry import Registry
from lenses.library.corpora.phrases import NamedCorpus, Phrases

BUILTINS: Final = {
    "wordnet": "lenses.library.corpora.wordnet:WORDNET",
    "latentlens": "lenses.library.corpora.latentlens:LATENTLENS",
}
"""Built-in names of corpora that are read from where something else installed them."""

CORPORA: Final[Registry[NamedCorpus]] = Registry("corpus", BUILTINS, "lensbench.corpora")
"""Name to corpus."""


def open_named(name: str) -> Phrases:
    """Return the phrases of a registered corpus.

    Raises:
        UsageError: The name is unknown.
        DataError: The corpus is not on this machine (the line says how to get it) or unreadable.
    """
    corpus = CORPORA.get(name)
    path = corpus.find()
    if path is None:
        raise DataError(f"corpus {name!r} {corpus.install}")
    return Phrases(name, corpus.read(path))
