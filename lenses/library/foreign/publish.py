"""A library of ours written in the published layout, for the tools that read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from harness.core.errors import DataError, unknown_name
from harness.core.files import replacing, write_json_atomic
from harness.core.progress import progress
from lenses.exact import nonzero
from lenses.library.foreign.hub import METADATA, layer_cache
from lenses.library.foreign.layout import OURS, Origin
from lenses.library.store import Library

Variant = Literal["library", "reproduce"]
"""``library``: unit vectors as float16; ``reproduce``: states of any length as float32."""

VARIANTS: tuple[Variant, ...] = ("library", "reproduce")
TOKENS = "token_embeddings.json"
"""Side file of the reproduce variant: token text to its rows, without their vectors."""

_TYPES = {"library": torch.float16, "reproduce": torch.float32}
_BLOCK = 16_384


def write_published(library: Library, out: Path, variant: str = "library") -> Path:
    """Write ``library`` as ``layer_<i>/embeddings_cache.pt`` and ``metadata.json``.

    One layer is held in memory at a time. Beside the fields of the other writers ``metadata.json``
    has the key of the library, so that ``read_published`` brings it back.

    Args:
        library: An open library.
        out: Folder; one that a stopped call left is written again.
        variant: One of ``VARIANTS``.

    Returns:
        ``out``.

    Raises:
        UsageError: Unknown ``variant``.
        DataError: ``out`` holds something else or cannot be written, or the library not be read.
    """
    if variant not in VARIANTS:
        raise unknown_name("published layout", variant, VARIANTS)
    _require_free(out)
    entries = _entries(library)
    for layer in progress(library.layers, description="writing the published layout"):
        vectors = _vectors(library, layer, variant)
        payload: dict[str, Any] = {"embeddings": vectors, "metadata": entries}
        if variant == "reproduce":
            by_token = _by_token(entries)
            payload["token_to_indices"] = by_token
            write_json_atomic(layer_cache(out, layer).with_name(TOKENS), _side(entries, by_token))
        _save(payload, layer_cache(out, layer))
    lineage = (*library.plan.lineage, library.key.dtype)
    described = _described(library, variant, entries)
    origin = Origin(key=library.key, lineage=lineage).model_dump(mode="json")
    write_json_atomic(out / METADATA, {**described, OURS: origin}, readable=True)
    return out


def _require_free(out: Path) -> None:
    found = sorted(entry.name for entry in out.iterdir()) if out.is_dir() else []
    strange = [name for name in found if name != METADATA and not name.startswith("layer_")]
    ours = list(out.glob("layer_*/*.safetensors"))
    if strange or ours:
        raise DataError(
            f"{out} holds {(strange or [ours[0].name])[0]!r}, which is not of the published "
            "layout; choose an empty or a new folder"
        )


def _entries(library: Library) -> list[dict[str, Any]]:
    """Return what the layout says of each row."""
    rows = library.rows
    texts = rows.texts.to_pylist()
    columns = (
        rows.column(name).to_pylist() for name in ("token", "token_id", "phrase", "position")
    )
    return [
        # Rows of one phrase share its text, also inside the archive.
        {"token_str": token, "token_id": index, "caption": texts[phrase], "position": position}
        for token, index, phrase, position in zip(*columns, strict=True)
    ]


def _vectors(library: Library, layer: int, variant: str) -> torch.Tensor:
    """Return one layer, [rows, d]."""
    stored = library.layer(layer)
    norms = stored.norms().double()
    found = torch.empty(len(stored), stored.width, dtype=_TYPES[variant])
    for start in range(0, len(stored), _BLOCK):
        part = slice(start, min(start + _BLOCK, len(stored)))
        rows = stored.read(part.start, part.stop).double()
        # Rounding, to 8 bits above all, has changed the lengths a little.
        rows /= nonzero(torch.linalg.vector_norm(rows, dim=1))[:, None]
        found[part] = rows if variant == "library" else rows * norms[part, None]
    return found


def _by_token(entries: Sequence[dict[str, Any]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, entry in enumerate(entries):
        found.setdefault(entry["token_str"], []).append(row)
    return found


def _side(
    entries: Sequence[dict[str, Any]], by_token: dict[str, list[int]]
) -> dict[str, list[dict[str, Any]]]:
    names = ("caption", "position", "token_id")
    return {
        token: [{name: entries[row][name] for name in names} for row in rows]
        for token, rows in by_token.items()
    }


def _described(library: Library, variant: str, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return ``metadata.json`` with the fields of the writer of this variant."""
    if variant == "library":
        return {"layers": list(library.layers), "hidden_dim": library.hidden}
    counts = {
        "num_unique_tokens": len({entry["token_str"] for entry in entries}),
        "num_embeddings": len(entries),
    }
    return {
        "model_name": library.key.model_hash,
        "layers_extracted": list(library.layers),
        "num_captions_processed": library.manifest.phrases,
        "max_captions_per_token": library.key.cap,
        "layer_statistics": {f"layer_{layer}": counts for layer in library.layers},
        "embedding_dtype": "float32",
        "dataset": library.key.corpus_hash,
        "position_filtering": {"enabled": library.key.policy == "first"},
    }


def _save(payload: dict[str, Any], path: Path) -> None:
    with replacing(path) as partial:
        try:
            # Into a stream, so that the archive does not record the temporary name.
            with partial.open("xb") as stream:
                torch.save(payload, stream)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[0]
            raise DataError(f"cannot write {path}: {reason}; free space and try again") from error
