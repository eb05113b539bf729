"""A corpus as token ids with character offsets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.core.decoding import decode_alone
from harness.core.errors import DataError, UsageError
from harness.core.ids import digest

if TYPE_CHECKING:
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
    """[phrases + 1]."""
    ids: NDArray[np.int64]
    """[tokens]."""
    spans: NDArray[np.int64]
    """First character and one past the last of each token in its phrase, [tokens, 2]."""
    special: NDArray[np.bool_]
    """[tokens], true for tokens that are not text, such as the one that begins a sequence."""
    texts: dict[int, str]
    """Every id that occurs, decoded alone, leading space kept."""
    truncated: int
    """Phrases cut at the maximum length."""


def tokenise(
    phrases: Sequence[str], tokenizer: PreTrainedTokenizerBase, *, max_tokens: int = MAX_TOKENS
) -> TokenisedCorpus:
    """Tokenise ``phrases`` with the tokenizer's default special tokens.

    Raises:
        UsageError: The tokenizer is slow, so that it has no character offsets.
        DataError: No phrase is given, or the tokenizer makes no token of any of them.
    """
    _require_fast(tokenizer)
    ids: list[int] = []
    spans: list[tuple[int, int]] = []
    special: list[int] = []
    lengths: list[int] = []
    truncated = 0
    for start in range(0, len(phrases), _CHUNK):
        encoded = tokenizer(
            list(phrases[start : start + _CHUNK]),
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            verbose=False,
        )
        for row, row_ids in enumerate(encoded["input_ids"]):
            truncated += len(row_ids) > max_tokens
            ids += row_ids[:max_tokens]
            spans += encoded["offset_mapping"][row][:max_tokens]
            special += encoded["special_tokens_mask"][row][:max_tokens]
            lengths.append(min(len(row_ids), max_tokens))
    if not ids:
        raise DataError(f"corpus: no token in {len(phrases)} phrases")
    flat = np.asarray(ids, dtype=np.int64)
    reserved = np.isin(flat, np.asarray(tokenizer.all_special_ids, dtype=np.int64))
    return TokenisedCorpus(
        phrases=tuple(phrases),
        starts=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        ids=flat,
        spans=np.asarray(spans, dtype=np.int64).reshape(-1, 2),
        special=np.asarray(special, dtype=np.bool_) | reserved,
        texts=decode_alone(tokenizer, np.unique(flat).tolist()),
        truncated=truncated,
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


def _require_fast(tokenizer: PreTrainedTokenizerBase) -> None:
    if not tokenizer.is_fast:
        raise UsageError(
            f"tokenizer {type(tokenizer).__name__} is slow and records no character offsets: "
            "a fast tokenizer (tokenizer.json) is needed to build a reference library"
        )
