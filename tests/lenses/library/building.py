"""Building small libraries and comparing their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lenses.library.build import build_library
from lenses.library.encode import TextEncoder
from lenses.library.key import make_key
from lenses.library.manifest import LibraryKey
from lenses.library.store import Library
from tests.lenses.fixtures import (
    LAYERS,
    MODEL_HASH,
    PHRASES,
    CausalStates,
    make_corpus,
    make_tokenizer,
)


def key_of(lines: Sequence[str] = PHRASES, **changes: Any) -> LibraryKey:
    """Return the key of a library of some ten small parts."""
    settings: dict[str, Any] = {"model_hash": MODEL_HASH, "cap": 4, "part_rows": 16} | changes
    layers = settings.pop("layers", LAYERS)
    tokenizer = settings.pop("tokenizer", None) or make_tokenizer()
    return make_key(make_corpus(lines), tokenizer, layers, **settings)


def build(
    path: Path,
    lines: Sequence[str] = PHRASES,
    *,
    encoder: TextEncoder | None = None,
    shard: tuple[int, int] = (1, 1),
    **changes: Any,
) -> Library | None:
    """Build one, or a shard of it."""
    return build_library(
        path,
        make_corpus(lines),
        make_tokenizer(),
        encoder or CausalStates(),
        key_of(lines, **changes),
        shard=shard,
    )


def contents(path: Path) -> dict[str, bytes]:
    """Every file but the stamp; there must be no other."""
    files = {str(file.relative_to(path)): file for file in path.rglob("*") if file.is_file()}
    return {name: file.read_bytes() for name, file in files.items() if name != "stamp.json"}
