"""Published libraries as other writers leave them, made from a library of ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from lenses.library.store import Library

Payload = dict[str, Any]


def entries(library: Library) -> list[Payload]:
    """Return the metadata entries of all rows in our order."""
    rows = [library.row(number) for number in range(len(library))]
    return [
        {"token_str": r.token, "token_id": r.token_id, "caption": r.context, "position": r.position}
        for r in rows
    ]


def payload(
    library: Library,
    layer: int,
    order: Sequence[int] | None = None,
    *,
    dtype: torch.dtype = torch.float16,
    unit: bool = True,
) -> Payload:
    """Return the content of one file with the rows in ``order``."""
    order = list(range(len(library)) if order is None else order)
    known = entries(library)
    return {
        "embeddings": library.vectors(layer, unit=unit)[order].to(dtype),
        "metadata": [dict(known[row]) for row in order],
    }


def write_folder(
    folder: Path,
    library: Library,
    make: Callable[[int], Payload] | None = None,
    metadata: Payload | None = None,
) -> Path:
    """Write every layer of ``library``; ``make`` gives the content of a layer's file."""
    for layer in library.layers:
        path = folder / f"layer_{layer}" / "embeddings_cache.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(payload(library, layer) if make is None else make(layer), path)
    recorded = {"layers": list(library.layers), "hidden_dim": library.hidden}
    recorded = recorded if metadata is None else metadata
    (folder / "metadata.json").write_text(json.dumps(recorded), encoding="utf-8")
    return folder
