"""Building a reference library: corpus, plan, states, folder; in shards, and after any stop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from harness.core.errors import MismatchError, UsageError
from harness.core.progress import announce, progress
from lenses.library.corpus import Corpus
from lenses.library.dtypes import store_states
from lenses.library.encode import PACK_BATCH, PACK_WIDTH, TextEncoder, encode_part
from lenses.library.estimate import Estimate, estimate_library
from lenses.library.finish import finish, is_complete
from lenses.library.key import keyed_corpus_hash
from lenses.library.manifest import (
    MANIFEST,
    PLAN,
    LibraryKey,
    Source,
    read_manifest,
    read_plan,
    require_equal,
)
from lenses.library.packs import Packing, pack_rows
from lenses.library.parts import Parts
from lenses.library.plan import Plan, plan_rows, sample_phrases
from lenses.library.rate import MeteredEncoder
from lenses.library.rows import row_table
from lenses.library.sharing import measure_packing
from lenses.library.store import Library
from lenses.library.tokenise import TokenisedCorpus, tokenise, tokenizer_hash
from lenses.library.writer import begin, make_plan, require_free

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def build_library(
    path: Path,
    corpus: Corpus,
    tokenizer: PreTrainedTokenizerBase,
    encoder: TextEncoder,
    key: LibraryKey,
    *,
    shard: tuple[int, int] = (1, 1),
    device: str | None = None,
) -> Library | None:
    """Build the library into folder ``path``, continue it, or open it if it is complete.

    Finished parts are kept and never made twice. Several processes and hosts may build shards of
    one library in one folder; the last of them completes it. Folders of shards built apart are
    joined by ``lenses.library.merge``. The files are the same in every case.

    Args:
        path: Folder of the library.
        corpus: Phrases to read.
        tokenizer: Fast tokenizer of the model.
        encoder: Text states of the model, such as an adapter's ``text_states``.
        key: What to build, from ``make_key``.
        shard: Number of this shard from 1, and how many there are.
        device: Where the encoder runs, for the record.

    Returns:
        The library, or None while parts of other shards are missing.

    Raises:
        UsageError: Bad ``shard``.
        MismatchError: ``key`` is not of this corpus and tokenizer, or ``path`` holds a library
            built from something else.
        DataError: States with NaN or Inf, a folder that is no library, or no room to write.
    """
    number, shards = shard
    if not 1 <= number <= shards:
        raise UsageError(f"shard {number}/{shards}: expected a number from 1 to {shards}")
    _require_inputs(corpus, tokenizer, key)
    if _is_usable(path, key):
        return Library.open(path)
    started, source = time.monotonic(), _source(corpus, device)
    if not (path / PLAN).exists():
        require_free(path)
    planned = _plan(corpus, tokenizer, encoder, key, _planned_packing(path, key))
    parts = _begin(path, planned, key)
    todo = [part for part in range(number - 1, len(parts), shards) if not parts.found(part)]
    try:
        _encode(parts, todo, planned, encoder)
    except FileNotFoundError:
        # A process that completes the library meanwhile sweeps away our unfinished files.
        if len(parts.done()) < len(parts):
            raise
    if finish(parts, source, started):
        return Library.open(path)
    announce(
        f"library {path}: {len(parts.present())} of {len(parts)} parts are done, the others belong "
        "to shards that have not finished"
    )
    return None


def plan_library(
    corpus: Corpus, tokenizer: PreTrainedTokenizerBase, encoder: TextEncoder, key: LibraryKey
) -> Estimate:
    """Return what building a library will cost, without writing anything.

    Args:
        corpus: Phrases to read.
        tokenizer: Fast tokenizer of the model.
        encoder: Text states of the model; a few short phrases are run to measure its speed.
        key: What to build, from ``make_key``.

    Raises:
        MismatchError: ``key`` is not of this corpus and tokenizer.
    """
    _require_inputs(corpus, tokenizer, key)
    cost = _plan(corpus, tokenizer, encoder, key).cost
    assert cost is not None  # measured, since no packing was given
    return cost


def _source(corpus: Corpus, device: str | None) -> Source:
    return Source(
        name=corpus.name,
        read=corpus.read,
        empty=corpus.empty,
        duplicates=corpus.duplicates,
        device=device,
    )


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is known of a library before its first forward pass."""

    tokenised: TokenisedCorpus
    plan: Plan
    packing: Packing
    cost: Estimate | None
    """None where the speed was not measured, since another call had begun the library."""


def _plan(
    corpus: Corpus,
    tokenizer: PreTrainedTokenizerBase,
    encoder: TextEncoder,
    key: LibraryKey,
    packing: Packing | None = None,
) -> _Planned:
    lines = sample_phrases(corpus.lines, key.fraction, key.seed)
    tokenised = tokenise(lines, tokenizer, max_tokens=key.max_tokens)
    metered = MeteredEncoder(encoder)
    if packing is None:
        longest = int(tokenised.lengths.max())
        # Ids of the corpus exist in the model, which those of the whole tokenizer need not.
        used = int(tokenised.ids.max()) + 1
        packing = measure_packing(metered, used, key.layers, longest=longest)
    plan = plan_rows(tokenised, key.policy, key.cap, key.seed, shared=packing != "whole")
    if not metered.hidden:
        return _Planned(tokenised, plan, packing, None)
    cost = estimate_library(
        tokenised,
        plan,
        packing,
        key.layers,
        metered.hidden,
        key.dtype,
        metered.rate,
        part_rows=key.part_rows,
    )
    return _Planned(tokenised, plan, packing, cost)


def _begin(path: Path, planned: _Planned, key: LibraryKey) -> Parts:
    """Write the plan, or check the one that is there; say what is to be done."""
    plan = planned.plan
    record, tables = make_plan(
        key,
        row_table(planned.tokenised, plan),
        packing=planned.packing,
        occurrences=plan.occurrences,
        prefixes=plan.prefixes,
        truncated_phrases=planned.tokenised.truncated,
    )
    parts = begin(path, record, tables)
    if planned.cost is not None:
        announce(f"library {path}: {planned.cost.summary()}")
    else:
        announce(f"library {path}: {len(parts.present())} of {len(parts)} parts are done already")
    return parts


def _planned_packing(path: Path, key: LibraryKey) -> Packing | None:
    """Return how the folder's plan shares forward passes, None where there is no plan yet."""
    if not (path / PLAN).exists():
        return None
    found = read_plan(path)
    require_equal(found.key, key, path)
    return next((known for known in get_args(Packing) if known == found.packing), None)


def _encode(
    parts: Parts,
    todo: Sequence[int],
    planned: _Planned,
    encoder: TextEncoder,
) -> None:
    """Run the encoder for the parts to do and write each."""
    layers, dtype = parts.plan.key.layers, parts.written_type
    tokenised, plan, packing = planned.tokenised, planned.plan, planned.packing
    total = sum(_positions(tokenised, plan, parts.plan.parts[part], packing) for part in todo)
    bar = progress(range(total), description="reading the corpus", total=total)

    def advance(positions: int) -> None:
        for _ in islice(bar, positions):
            pass

    for part in todo:
        if parts.found(part) is not None:
            continue  # Another process was faster.
        start, stop = parts.plan.parts[part]
        states = encode_part(
            encoder, tokenised, plan, start, stop, layers, packing, advance=advance
        )
        stored = (store_states(states.pop(layer), dtype) for layer in layers)
        parts.write(part, stored)


def _positions(
    tokenised: TokenisedCorpus, plan: Plan, rows: tuple[int, int], packing: Packing
) -> int:
    """Return the positions that the forward passes of a part run, padding included."""
    batches = pack_rows(tokenised, plan, *rows, packing, width=PACK_WIDTH, batch=PACK_BATCH)
    return sum(batch.ids.size for batch in batches)


def _require_inputs(corpus: Corpus, tokenizer: PreTrainedTokenizerBase, key: LibraryKey) -> None:
    for what, found, wanted in (
        ("corpus", keyed_corpus_hash(corpus, key.policy), key.corpus_hash),
        ("tokenizer", tokenizer_hash(tokenizer), key.tokenizer_hash),
    ):
        if found != wanted:
            raise MismatchError(
                f"library key: it is of {what} {wanted[:12]}, but the {what} given is {found[:12]}"
            )


def _is_usable(path: Path, key: LibraryKey) -> bool:
    """Tell whether the library is there; one with damaged files is to be mended."""
    if not (path / MANIFEST).exists():
        return False
    require_equal(read_manifest(path).key, key, path)
    usable = is_complete(path)
    if not usable:
        announce(f"library {path}: some of its files are damaged and are made again")
    return usable
