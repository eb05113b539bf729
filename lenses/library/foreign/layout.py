"""The folder of a published library: its layers, and what its ``metadata.json`` says of it.

Two writers use the layout of Krojer et al. (arXiv 2602.00462). The library ``latentlens`` stores
``layers`` and ``hidden_dim``, and unit vectors as float16; the scripts of the paper store
``layers_extracted``, ``model_name`` and more, and states of any length as float32.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.core.errors import DataError, UsageError
from harness.core.progress import announce
from harness.core.records import Record
from lenses.library.dtypes import StoredType
from lenses.library.foreign.hub import METADATA, layer_cache
from lenses.library.manifest import LibraryKey

OURS = "lensbench"
"""Entry of ``metadata.json`` with the key of the library that was written in the layout."""

_LAYER = re.compile(r"layer_(\d+)")


class Origin(Record):
    """What a library of ours adds to ``metadata.json``, so that reading it back loses nothing."""

    key: LibraryKey
    """Key of the library."""
    lineage: tuple[StoredType, ...]
    """Types its vectors were stored in, the last one included."""


@dataclass(frozen=True, slots=True)
class PublishedFolder:
    """A published library on disk."""

    folder: Path
    """Where it lies."""
    layers: tuple[int, ...]
    """Layers to read, ascending."""
    model: str | None
    """Name of the model, if it is recorded."""
    hidden: int | None
    """Width d, if it is recorded."""
    cap: int | None
    """Most rows per token of the paper's scripts; None for other writers."""
    origin: Origin | None
    """What we recorded, for a library that was ours."""


def read_layout(folder: Path, layers: Sequence[int] | None) -> PublishedFolder:
    """Find the layers of the published library in ``folder``.

    Args:
        folder: Holds ``layer_<i>/embeddings_cache.pt``; ``metadata.json`` may be missing.
        layers: Layers wanted; all by default. Layer 0 has no context and is left out.

    Raises:
        UsageError: Layer 0 is asked for.
        DataError: No layer there, files of layers are missing, or ``metadata.json`` is no JSON.
    """
    recorded = _metadata(folder / METADATA)
    names = (_LAYER.fullmatch(entry.name) for entry in folder.iterdir())
    found = {int(name[1]) for name in names if name is not None}
    listed = recorded.get("layers", recorded.get("layers_extracted", []))
    if not isinstance(listed, list) or not all(isinstance(layer, int) for layer in listed):
        raise DataError(f"{folder / METADATA}: layers {listed!r}: expected a list of numbers")
    if layers is not None and 0 in layers:
        raise UsageError("layers: layer 0 holds input embeddings, which have no context")
    wanted = sorted({*found, *listed} if layers is None else set(layers))
    if 0 in wanted:
        announce(f"{folder}: layer 0 is left out, its input embeddings have no context")
        wanted.remove(0)
    missing = [layer for layer in wanted if not layer_cache(folder, layer).is_file()]
    if missing or not wanted:
        files = ", ".join(str(layer_cache(Path(), layer)) for layer in missing)
        raise DataError(
            f"published library {folder}: {files or 'layer_<i>/embeddings_cache.pt'} missing"
        )
    cap = recorded.get("max_captions_per_token")
    hidden = recorded.get("hidden_dim")
    model = recorded.get("model_name")
    return PublishedFolder(
        folder=folder,
        layers=tuple(wanted),
        model=model if isinstance(model, str) else None,
        hidden=hidden if isinstance(hidden, int) else None,
        cap=cap if isinstance(cap, int) else None,
        origin=_origin(folder / METADATA, recorded.get(OURS)),
    )


def _metadata(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path}: expected a JSON object")
    return found


def _origin(path: Path, recorded: object) -> Origin | None:
    if recorded is None:
        return None
    try:
        # JSON has lists where the record has tuples.
        return Origin.model_validate_json(json.dumps(recorded))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{path}: bad {OURS!r} at {where!r}: {first['msg']}") from error
