"""A published library read as one of our own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from harness.core.errors import DataError, MismatchError
from harness.core.ids import sha256_lines
from harness.core.progress import announce, progress
from lenses.library.dtypes import TORCH_TYPES, StoredType, stored_type
from lenses.library.foreign.alignment import AlignedRows, align, require_tokens, row_plan
from lenses.library.foreign.cache import LayerCache, content_mark, read_cache, require_finite
from lenses.library.foreign.hub import layer_cache, locate
from lenses.library.foreign.layout import PublishedFolder, read_layout
from lenses.library.manifest import LibraryKey, Source
from lenses.library.plan import PART_ROWS
from lenses.library.rows import row_table
from lenses.library.store import Library
from lenses.library.tokenise import MAX_TOKENS, TokenisedCorpus, tokenise, tokenizer_hash
from lenses.library.writer import write_library

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PUBLISHED = "published:"
"""What the model hash of a library begins with whose weights nobody hashed."""

UNKNOWN = "unknown"
"""Policy or precision that a file does not record; cap and seed are 0 then."""


def read_published(
    source: str | Path,
    out: Path,
    tokenizer: PreTrainedTokenizerBase,
    *,
    revision: str | None = None,
    layers: Sequence[int] | None = None,
    dtype: str = "float16",
    model: str | None = None,
    hidden: int | None = None,
    model_hash: str | None = None,
) -> Library:
    """Write the published library ``source`` as a library of ours into folder ``out``.

    Files are mapped and gone through layer by layer; nothing in them is run. Words come from the
    character offsets of ``tokenizer``, which must give every row the token that the file states.
    Rows may stand in another order in every layer, but all layers must hold the same ones.

    Args:
        source: A folder in the published layout, or a Hugging Face id.
        out: Folder of the library; a stopped call is continued by the same call.
        tokenizer: Fast tokenizer of the model that the states come from.
        revision: Full commit, for a Hugging Face id.
        layers: Layers to read; all by default.
        dtype: Type to store.
        model: Name that the file must record for its model, if it records one.
        hidden: Width that the vectors must have.
        model_hash: sha256 of the model's weights, if the caller knows it; else the library
            records the name that the file gives.

    Raises:
        UsageError: Bad ``source``, ``revision``, ``layers`` or ``dtype``, or a slow tokenizer.
        MismatchError: Model, width or tokenizer are others than those of the file, or ``out`` holds
            another library.
        DataError: A file is missing, damaged, holds code, NaN or Inf, or other rows than the first
            layer.
    """
    wanted = stored_type(dtype)
    folder = read_layout(locate(source, revision, layers), layers)
    _require_model(folder, model, model_hash, tokenizer)
    numbers: dict[str, int] = {}
    caches: dict[int, LayerCache] = {}
    orders: dict[int, AlignedRows] = {}
    tokenised: TokenisedCorpus | None = None
    for layer in progress(folder.layers, description="reading the published library"):
        cache = read_cache(layer_cache(folder.folder, layer), numbers)
        _require_width(cache, next(iter(caches.values()), cache), hidden or folder.hidden)
        require_finite(cache, list(numbers))
        if tokenised is None:
            tokenised = tokenise(tuple(numbers), tokenizer, max_tokens=_max_tokens(folder))
        orders[layer] = align(cache, list(numbers), next(iter(orders.values()), None))
        require_tokens(cache, tokenised)
        # The entries are not needed any more; the vectors stay on disk.
        caches[layer] = cache
    if tokenised is None:
        raise DataError(f"published library {source}: no layer")
    key = _key(folder, wanted, tokenizer, numbers, model_hash, revision)
    first = orders[folder.layers[0]]
    table = row_table(tokenised, row_plan(first, tokenised, key.seed))

    def states(layer: int, start: int, stop: int) -> torch.Tensor:
        return caches[layer].vectors[orders[layer].rows[start:stop]].float()

    if first.repeated:
        announce(f"{source}: {first.repeated} repeated rows are left out")
    return write_library(
        out,
        key,
        table.rows,
        table.phrases["text"].to_pylist(),
        states,
        source=Source(name=f"{source}@{revision}" if revision else str(source)),
        lineage=_lineage(folder, caches, wanted),
    )


def _require_model(
    folder: PublishedFolder,
    model: str | None,
    model_hash: str | None,
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    if model is not None and folder.origin is None and folder.model not in (None, model):
        raise MismatchError(
            f"published library {folder.folder} is of model {folder.model}, expected {model}"
        )
    if folder.origin is not None and model_hash not in (None, folder.origin.key.model_hash):
        raise MismatchError(
            f"published library {folder.folder} was built from model "
            f"{folder.origin.key.model_hash[:12]}, expected {str(model_hash)[:12]}"
        )
    given = tokenizer_hash(tokenizer)
    if folder.origin is not None and folder.origin.key.tokenizer_hash != given:
        raise MismatchError(
            f"published library {folder.folder} was built with tokenizer "
            f"{folder.origin.key.tokenizer_hash[:12]}, the tokenizer given is {given[:12]}"
        )


def _require_width(cache: LayerCache, first: LayerCache, hidden: int | None) -> None:
    width = cache.vectors.shape[1]
    if hidden is not None and width != hidden:
        raise MismatchError(f"{cache.path} has vectors of width {width}, expected {hidden}")
    if width != first.vectors.shape[1]:
        raise MismatchError(
            f"{cache.path} has vectors of width {width}, {first.path} of {first.vectors.shape[1]}"
        )


def _max_tokens(folder: PublishedFolder) -> int:
    return MAX_TOKENS if folder.origin is None else folder.origin.key.max_tokens


def _key(
    folder: PublishedFolder,
    dtype: StoredType,
    tokenizer: PreTrainedTokenizerBase,
    captions: dict[str, int],
    model_hash: str | None,
    revision: str | None,
) -> LibraryKey:
    """Return the key that was recorded by us, or what the file tells without guessing."""
    if folder.origin is not None:
        recorded = folder.origin.key
        changes = {"dtype": dtype, "layers": folder.layers}
        return recorded.model_copy(
            update={**changes, "model_hash": model_hash or recorded.model_hash}
        )
    mark = revision or content_mark([layer_cache(folder.folder, i) for i in folder.layers])
    return LibraryKey(
        model_hash=model_hash or f"{PUBLISHED}{folder.model or UNKNOWN}@{mark}",
        tokenizer_hash=tokenizer_hash(tokenizer),
        corpus_hash=f"captions:{sha256_lines(sorted(captions))}",
        layers=folder.layers,
        policy=UNKNOWN if folder.cap is None else "paper",
        cap=folder.cap or 0,
        seed=0,
        dtype=dtype,
        precision=UNKNOWN,
        max_tokens=MAX_TOKENS,
        part_rows=PART_ROWS,
    )


def _lineage(
    folder: PublishedFolder, caches: dict[int, LayerCache], dtype: StoredType
) -> tuple[StoredType, ...]:
    """Return the types that rounded the vectors before ``dtype`` does."""
    known = () if folder.origin is None else folder.origin.lineage
    held = next(iter(caches.values())).vectors.dtype
    found = [*known, *(name for name, kind in TORCH_TYPES.items() if kind == held)]
    while found and found[-1] == dtype:
        found.pop()
    return tuple(name for i, name in enumerate(found) if i == 0 or name != found[i - 1])
