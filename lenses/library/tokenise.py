"""A corpus as token ids with character offsets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.core.decoding import decode_alone
from harness.core.errors import DataError, UsageError
from harness.core.ids import digest
from harness.core.progress import progress

if TYPE_CHECKING:
    from tokenizers import Encoding
    from transformers import PreTrainedTokenizerBase

MAX_TOKENS = 512
"""Longer phrases are cut here, as the published extraction does."""

_CHUNK = 8192


@dataclass(frozen=True, slots=True)
class TokenisedCorpus:
    """Phrases and their tokens, flat: phrase i owns tokens ``starts[i]`` to ``starts[i + 1]``."""

    phrases: tuple[str, ...]
    """Distinct texts."""
    starts: NDArray[np.int64]
    """[phrases + 1]; a text without any token starts where the next one does."""
    ids: NDArray[np.int32]
    """[tokens]."""
    spans: NDArray[np.int32]
    """First character and one past the last of each token in its phrase, [tokens, 2]."""
    special: NDArray[np.bool_]
    """[tokens], true for tokens that are not text, such as the one that begins a sequence."""
    texts: dict[int, str]
    """Every id that occurs, decoded alone, leading space kept."""
    strings: dict[int, str]
    """The same as the tokenizer itself decodes one id: SentencePiece drops the leading space."""
    truncated: int
    """Phrases cut at the maximum length."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each phrase, [phrases]."""
        return np.diff(self.starts)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some consecutive phrases, flat."""

    lengths: NDArray[np.int64]
    ids: NDArray[np.int32]
    spans: NDArray[np.int32]
    special: NDArray[np.bool_]
    truncated: int


def tokenise(
    phrases: Sequence[str], tokenizer: PreTrainedTokenizerBase, *, max_tokens: int = MAX_TOKENS
) -> TokenisedCorpus:
    """Tokenise ``phrases`` with the tokenizer's default special tokens.

    Nothing is padded, so the tokenizer's padding side does not matter. A phrase of more than
    ``max_tokens`` tokens loses tokens at its end but keeps those that end every sequence, as
    tokenizers cut a text themselves.

    Raises:
        UsageError: The tokenizer is slow, so that it has no character offsets, or ``max_tokens``
            is less than 1.
        DataError: No phrase is given, or the tokenizer makes no token of any of them.
    """
    _require_fast(tokenizer)
    if max_tokens < 1:
        raise UsageError(f"max_tokens={max_tokens}: expected at least 1 token per phrase")
    steps = range(0, len(phrases), _CHUNK)
    chunks = [
        _encoded(list(phrases[start : start + _CHUNK]), tokenizer, max_tokens)
        for start in progress(steps, description="tokenising", total=len(steps))
    ]
    if not any(len(chunk.ids) for chunk in chunks):
        raise DataError(f"corpus: no token in {len(phrases)} phrases")
    lengths = np.concatenate([chunk.lengths for chunk in chunks])
    ids = np.concatenate([chunk.ids for chunk in chunks])
    special = np.concatenate([chunk.special for chunk in chunks])
    special |= np.isin(ids, np.asarray(tokenizer.all_special_ids, dtype=np.int32))
    present = np.flatnonzero(np.bincount(ids)).tolist()
    return TokenisedCorpus(
        phrases=tuple(phrases),
        starts=np.concatenate([[0], np.cumsum(lengths)]),
        ids=ids,
        spans=np.concatenate([chunk.spans for chunk in chunks]),
        special=special,
        texts=decode_alone(tokenizer, present),
        strings={index: str(tokenizer.decode([index])) for index in present},
        truncated=sum(chunk.truncated for chunk in chunks),
    )


def tokenizer_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a hash of everything that decides ids and offsets.

    Raises:
        UsageError: The tokenizer is slow.
    """
    _require_fast(tokenizer)
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    # Both change as a side effect of calls that pad or cut.
    state["truncation"] = state["padding"] = None
    return digest([state, sorted(tokenizer.all_special_ids)])


def _encoded(texts: list[str], tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> _Chunk:
    encodings = tokenizer(
        texts, return_attention_mask=False, return_token_type_ids=False, verbose=False
    ).encodings
    full = np.asarray([len(encoding) for encoding in encodings], dtype=np.int64)
    total = int(full.sum())
    ids = np.fromiter(chain.from_iterable(e.ids for e in encodings), np.int32, total)
    masks = chain.from_iterable(e.special_tokens_mask for e in encodings)
    special = np.fromiter(masks, np.bool_, total)
    offsets = chain.from_iterable(chain.from_iterable(e.offsets for e in encodings))
    spans = np.fromiter(offsets, np.int32, 2 * total).reshape(-1, 2)
    long = np.flatnonzero(full > max_tokens)
    if len(long):
        kept = np.ones(total, dtype=np.bool_)
        starts = np.cumsum(full) - full
        for phrase in long:
            ending = min(_ending(encodings[phrase]), max_tokens)
            past = int(starts[phrase] + full[phrase])
            kept[starts[phrase] + max_tokens - ending : past - ending] = False
        ids, special, spans = ids[kept], special[kept], spans[kept]
    return _Chunk(np.minimum(full, max_tokens), ids, spans, special, len(long))


def _ending(encoding: Encoding) -> int:
    """Return how many special tokens end the sequence."""
    mask: list[int] = encoding.special_tokens_mask
    return next((n for n, special in enumerate(reversed(mask)) if not special), len(mask))


def _require_fast(tokenizer: PreTrainedTokenizerBase) -> None:
    if not tokenizer.is_fast:
        raise UsageError(
            f"tokenizer {type(tokenizer).__name__} is slow and records no character offsets: "
            "a fast tokenizer (tokenizer.json) is needed to build a reference library"
        )
