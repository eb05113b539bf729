"""The sentence file of the published LatentLens package (PyPI ``latentlens``), if installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from lenses.library.corpora.phrases import NamedCorpus
from lenses.library.corpora.text import count_lines, text_lines

_PACKAGE: Final = "latentlens"
_FILE: Final = Path("data") / "concepts.txt"


def find_sentences() -> Path | None:
    """Return the sentence file of the installed package, which is not imported, or None."""
    spec = importlib.util.find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec is not None else None
    found = (Path(folder) / _FILE for folder in folders or ())
    return next((path for path in found if path.is_file()), None)


LATENTLENS: Final = NamedCorpus(
    kind="text",
    summary="sentences of the published LatentLens package, about concepts from A to Z",
    find=find_sentences,
    read=text_lines,
    install="is not on this machine: pip install --no-deps latentlens",
    count=count_lines,
)
"""The corpus ``latentlens``."""
