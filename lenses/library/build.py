"""Building a reference library once: corpus, plan, states, folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from harness.core.errors import MismatchError, UsageError
from harness.core.files import sync_folder, write_errors
from harness.core.ids import digest
from lenses.library.corpus import Corpus
from lenses.library.encode import EncodedLayer, Encoder, encode_rows
from lenses.library.plan import Plan, plan_rows
from lenses.library.store import (
    ROW_SCHEMA,
    Expectation,
    Library,
    LibraryKey,
    LibraryManifest,
    read_manifest,
    write_manifest,
    write_tables,
)
from lenses.library.tokenise import TokenisedCorpus, tokenise, tokenizer_hash
from lenses.library.words import whole_word

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CAP = 20
"""Rows per decoded token string in the published library."""


def library_key(
    corpus: Corpus,
    tokenizer: PreTrainedTokenizerBase,
    layers: Sequence[int],
    *,
    model_hash: str,
    cap: int = CAP,
    seed: int = 42,
    policy: str = "reservoir",
    dtype: str = "float16",
) -> str:
    """Return the content hash of the library that ``build_library`` would make of the same."""
    return digest(_key(corpus, tokenizer, layers, model_hash, cap, seed, policy, dtype))


def build_library(
    path: Path,
    corpus: Corpus,
    tokenizer: PreTrainedTokenizerBase,
    encoder: Encoder,
    layers: Sequence[int],
    *,
    model_hash: str,
    cap: int = CAP,
    seed: int = 42,
    policy: str = "reservoir",
    dtype: str = "float16",
) -> Library:
    """Build the library into folder ``path``, or open it if it is there already.

    The folder is written under another name and renamed when it is complete, so that a build that
    was stopped leaves no half library at ``path``.

    Args:
        path: Folder of the library.
        corpus: Phrases to read.
        tokenizer: Fast tokenizer of the model.
        encoder: Text states of the model, such as an adapter's ``text_states``.
        layers: Contextual layers; layer 0 is refused, since its states have no context.
        model_hash: sha256 of the model's weights.
        cap: Most rows per decoded token string.
        seed: Seed of the choice of rows.
        policy: ``reservoir`` or ``first``.
        dtype: ``float16``, ``bfloat16`` or ``float32``.

    Raises:
        UsageError: Bad ``layers``, ``cap``, ``policy`` or ``dtype``, or a slow tokenizer.
        MismatchError: ``path`` holds a library built from something else.
        DataError: States with NaN or Inf, an unreadable library at ``path``, or no room to write.
    """
    key = _key(corpus, tokenizer, layers, model_hash, cap, seed, policy, dtype)
    if path.exists():
        return _reopened(path, key)
    tokenised = tokenise(corpus.lines, tokenizer)
    plan = plan_rows(tokenised, policy, cap, seed)
    encoded = encode_rows(encoder, tokenised, plan, key.layers, dtype=dtype)
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        _write(folder, key, corpus, tokenised, plan, encoded)
        try:
            folder.rename(path)
        except OSError:
            # Another process was faster; its library serves if it is the same.
            if not path.exists():
                raise
            return _reopened(path, key)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Library.open(path, Expectation(model_hash=model_hash))


def _key(
    corpus: Corpus,
    tokenizer: PreTrainedTokenizerBase,
    layers: Sequence[int],
    model_hash: str,
    cap: int,
    seed: int,
    policy: str,
    dtype: str,
) -> LibraryKey:
    if not layers or min(layers) < 1:
        raise UsageError(
            f"library layers {tuple(layers)}: expected one or more contextual layers from 1 up"
        )
    return LibraryKey(
        model_hash=model_hash,
        tokenizer_hash=tokenizer_hash(tokenizer),
        corpus_hash=corpus.sha256,
        layers=tuple(sorted(set(layers))),
        policy=policy,
        cap=cap,
        seed=seed,
        dtype=dtype,
    )


def _reopened(path: Path, key: LibraryKey) -> Library:
    found = read_manifest(path).key
    if found != key:
        ours, theirs = key.model_dump(), found.model_dump()
        changed = ", ".join(name for name in ours if ours[name] != theirs[name])
        raise MismatchError(f"library {path} was built with other settings: {changed} differ")
    return Library.open(path)


def _write(
    folder: Path,
    key: LibraryKey,
    corpus: Corpus,
    tokenised: TokenisedCorpus,
    plan: Plan,
    encoded: dict[int, EncodedLayer],
) -> None:
    phrases, phrase_rows = np.unique(plan.phrases, return_inverse=True)
    rows = _row_table(tokenised, plan, phrase_rows.tolist())
    texts = pa.table({"text": [tokenised.phrases[index] for index in phrases.tolist()]})
    files = write_tables(folder, encoded, rows, texts)
    manifest = LibraryManifest(
        key=key,
        corpus=corpus.name,
        hidden=encoded[key.layers[0]].vectors.shape[1],
        rows=len(plan),
        phrases=len(phrases),
        occurrences=plan.occurrences,
        prefixes=plan.prefixes,
        empty_lines=corpus.empty,
        duplicate_lines=corpus.duplicates,
        truncated_phrases=tokenised.truncated,
        mean_norms={layer: float(part.norms.double().mean()) for layer, part in encoded.items()},
        files=files,
    )
    write_manifest(folder, manifest)


def _row_table(tokenised: TokenisedCorpus, plan: Plan, phrase_rows: list[int]) -> pa.Table:
    flat = tokenised.starts[plan.phrases] + plan.positions
    ids = tokenised.ids[flat].tolist()
    texts = [tokenised.phrases[index] for index in plan.phrases.tolist()]
    spans = [
        whole_word(text, start, end)
        for text, (start, end) in zip(texts, tokenised.spans[flat].tolist(), strict=True)
    ]
    columns = {
        "phrase": phrase_rows,
        "position": plan.positions.tolist(),
        "token_id": ids,
        "token": [tokenised.texts[index] for index in ids],
        "word": [text[start:end] for text, (start, end) in zip(texts, spans, strict=True)],
        "start": [start for start, _ in spans],
        "end": [end for _, end in spans],
    }
    return pa.table(columns, schema=ROW_SCHEMA)
