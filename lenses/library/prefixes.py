"""Prefixes of token ids and the keyed hashes that rank them.

A causal model gives equal prefixes equal states, so a prefix is what a library row stands for. Its
64-bit hash is rolled along the phrase and depends on the seed and the ids alone: two libraries of
one seed and one tokenizer know each other's prefixes by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import DataError
from lenses.library.tokenise import TokenisedCorpus

_STEP = np.uint64(0x9E3779B97F4A7C15)
Purpose = Literal["phrase", "sample", "prefix"]
"""What a hash is drawn for; hashes for different purposes are independent."""


def phrase_hashes(
    texts: Sequence[str], seed: int, *, purpose: Purpose = "phrase"
) -> NDArray[np.uint64]:
    """Return a 64-bit hash per text, [texts], keyed by ``seed`` and ``purpose``."""
    key, person = str(seed).encode(), purpose.encode()
    hashed = b"".join(
        blake2b(text.encode(), digest_size=8, key=key, person=person).digest() for text in texts
    )
    return np.frombuffer(hashed, dtype="<u8").astype(np.uint64)


def prefix_hashes(tokenised: TokenisedCorpus, seed: int) -> NDArray[np.uint64]:
    """Return a hash of all ids up to and including each token, [tokens], keyed by ``seed``."""
    lengths = tokenised.lengths
    longest_first = np.argsort(-lengths, kind="stable")
    begins = tokenised.starts[longest_first]
    alive_at = np.searchsorted(-lengths[longest_first], -np.arange(lengths.max(initial=0)))
    hashes = np.empty(len(tokenised.ids), dtype=np.uint64)
    state = np.repeat(phrase_hashes([""], seed, purpose="prefix"), len(lengths))
    for depth, alive in enumerate(alive_at.tolist()):
        flat = begins[:alive] + depth
        state = _mixed(state[:alive], tokenised.ids[flat])
        hashes[flat] = state
    return hashes


def occurrence_hashes(
    hashes: NDArray[np.uint64], positions: NDArray[np.int32] | NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return a hash per (phrase, position), [rows], from the phrases' hashes, [rows]."""
    return _mixed(hashes, positions)


def distinct_prefixes(
    tokenised: TokenisedCorpus,
    hashes: NDArray[np.uint64],
    phrase_rank: NDArray[np.int64],
    eligible: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return one token per distinct prefix that ends in an eligible token, by rising hash.

    Args:
        tokenised: The corpus.
        hashes: Prefix hash of each token, [tokens].
        phrase_rank: Rank of each phrase, [phrases]; a shared prefix is represented by the eligible
            token of the phrase of lowest rank.
        eligible: [tokens].

    Raises:
        DataError: Different prefixes have one hash; the chance is 1e-5 for 20 million of them.
    """
    order = np.argsort(hashes)
    ordered = hashes[order]
    repeated = np.zeros(len(order), dtype=np.bool_)
    repeated[1:] = ordered[1:] == ordered[:-1]
    again = np.flatnonzero(repeated)
    _require_same_prefix(tokenised, hashes, order[again], order[again - 1])
    ranks = np.repeat(phrase_rank, tokenised.lengths)[order]
    ranks[~eligible[order]] = len(phrase_rank)
    first = np.flatnonzero(~repeated)
    lowest = np.minimum.reduceat(ranks, first)
    sizes = np.diff(np.append(first, len(order)))
    kept: NDArray[np.int64] = order[
        (ranks == np.repeat(lowest, sizes)) & (ranks < len(phrase_rank))
    ]
    return kept


def phrase_ranks(texts: Sequence[str], hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the rank of each phrase by rising hash, [texts]; equal hashes stand by text."""
    order = np.argsort(hashes)
    ordered = hashes[order]
    if (ordered[1:] == ordered[:-1]).any():
        pairs = sorted(zip(hashes.tolist(), texts, range(len(texts)), strict=True))
        order = np.asarray([index for _, _, index in pairs], dtype=np.int64)
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def _mixed(
    state: NDArray[np.uint64], values: NDArray[np.int32] | NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return the state after a value: the finaliser of SplitMix64 (Steele et al. 2014)."""
    mixed: NDArray[np.uint64] = state + (values.astype(np.uint64) + np.uint64(1)) * _STEP
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _require_same_prefix(
    tokenised: TokenisedCorpus,
    hashes: NDArray[np.uint64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
) -> None:
    """Check that the tokens of each pair agree in id, in position and in the hash before them.

    Held for all pairs of equal hash, this proves by induction that equal hashes are equal prefixes.
    """
    begins = np.zeros(len(hashes), dtype=np.bool_)
    begins[tokenised.starts[:-1][tokenised.lengths > 0]] = True
    before = hashes[left - 1] == hashes[right - 1]
    same = (begins[left] & begins[right]) | (~begins[left] & ~begins[right] & before)
    same &= tokenised.ids[left] == tokenised.ids[right]
    if not same.all():
        raise DataError(
            f"library: {int((~same).sum())} different prefixes share a 64-bit hash under this "
            "seed; choose another seed"
        )
