"""Which token occurrences a reference library keeps, decided before any forward pass.

A causal model gives equal prefixes equal states, so an occurrence is a distinct prefix of token ids
that ends in a text token; it is counted once, however many phrases begin with it. The cap holds per
decoded token string, as in the published library (Krojer et al., arXiv 2602.00462, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import DataError, UsageError, unknown_name
from lenses.library.tokenise import TokenisedCorpus

Policy = Literal["reservoir", "first"]
POLICIES: tuple[Policy, ...] = ("reservoir", "first")
"""``reservoir``: a uniform sample over the whole corpus, independent of its order;
``first``: the first occurrences in corpus order."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The kept rows in library order: by phrase text, then position."""

    phrases: NDArray[np.int64]
    """[rows], index of the phrase in the tokenised corpus; rows of a phrase stand together."""
    positions: NDArray[np.int64]
    """[rows], index of the token in its phrase, special tokens counted."""
    prefixes: int
    """Distinct prefixes there were to choose from."""
    occurrences: int
    """Text tokens of the corpus."""

    def __len__(self) -> int:
        """Return the number of kept rows."""
        return len(self.phrases)


def plan_rows(
    tokenised: TokenisedCorpus, policy: str = "reservoir", cap: int = 20, seed: int = 42
) -> Plan:
    """Choose at most ``cap`` distinct prefixes per decoded token string.

    ``reservoir`` keeps those with the smallest keyed hash of (seed, phrase text, position), where a
    prefix shared by several phrases stands for one of them, drawn by another hash: every distinct
    prefix has the same chance, in any corpus order and batching. All positions are eligible but
    those of special tokens.

    Raises:
        UsageError: Unknown ``policy``, or ``cap`` less than 1.
        DataError: The corpus has no text token.
    """
    if policy not in POLICIES:
        raise unknown_name("library policy", policy, POLICIES)
    if cap < 1:
        raise UsageError(f"cap={cap}: expected at least 1 row per token")
    lengths = np.diff(tokenised.starts)
    phrase_of = np.repeat(np.arange(len(lengths)), lengths)
    position_of = np.arange(len(tokenised.ids)) - tokenised.starts[phrase_of]
    eligible = np.flatnonzero(~tokenised.special)
    if not len(eligible):
        raise DataError("corpus: every token is a special token, there is nothing to keep")
    hashes = _phrase_hashes(tokenised.phrases, seed)
    order = np.argsort(hashes, kind="stable") if policy == "reservoir" else np.arange(len(hashes))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    nodes = _prefix_nodes(tokenised)[eligible]
    by_rank = np.argsort(rank[phrase_of[eligible]], kind="stable")
    chosen = eligible[by_rank[np.unique(nodes[by_rank], return_index=True)[1]]]
    if policy == "reservoir":
        key = _mix(hashes[phrase_of[chosen]], position_of[chosen])
    else:
        key = chosen.astype(np.uint64)
    kept = chosen[_smallest(key, _string_groups(tokenised)[chosen], cap)]
    text_rank = _ranks(tokenised.phrases, phrase_of[kept])
    kept = kept[np.lexsort((position_of[kept], text_rank))]
    return Plan(phrase_of[kept], position_of[kept], len(chosen), len(eligible))


def _phrase_hashes(phrases: tuple[str, ...], seed: int) -> NDArray[np.uint64]:
    """Return a 64-bit hash per phrase, keyed by ``seed``."""
    key = str(seed).encode()
    hashed = b"".join(blake2b(text.encode(), digest_size=8, key=key).digest() for text in phrases)
    return np.frombuffer(hashed, dtype="<u8").astype(np.uint64)


def _mix(hashes: NDArray[np.uint64], positions: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return one hash per (phrase, position): the finaliser of SplitMix64 (Steele et al. 2014)."""
    steps = (positions.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed: NDArray[np.uint64] = hashes + steps
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _prefix_nodes(tokenised: TokenisedCorpus) -> NDArray[np.int64]:
    """Number the prefixes: [tokens], equal exactly where all ids up to the token are equal."""
    lengths = np.diff(tokenised.starts)
    vocabulary = int(tokenised.ids.max()) + 1
    nodes = np.empty(len(tokenised.ids), dtype=np.int64)
    parents = np.zeros(len(lengths), dtype=np.int64)
    used = 1
    for depth in range(int(lengths.max())):
        alive = np.flatnonzero(lengths > depth)
        flat = tokenised.starts[alive] + depth
        pairs = parents[alive] * vocabulary + tokenised.ids[flat]
        distinct, inverse = np.unique(pairs, return_inverse=True)
        nodes[flat] = parents[alive] = used + inverse
        used += len(distinct)
    return nodes


def _string_groups(tokenised: TokenisedCorpus) -> NDArray[np.int64]:
    """Return [tokens]: equal where the tokens decode to the same string."""
    distinct, inverse = np.unique(tokenised.ids, return_inverse=True)
    strings: dict[str, int] = {}
    texts = (tokenised.texts[index] for index in distinct.tolist())
    groups = np.asarray([strings.setdefault(text, len(strings)) for text in texts], dtype=np.int64)
    return groups[inverse]


def _smallest(key: NDArray[np.uint64], group: NDArray[np.int64], cap: int) -> NDArray[np.int64]:
    """Return the indices of the ``cap`` smallest keys of each group."""
    order = np.lexsort((key, group))
    first = np.flatnonzero(np.diff(group[order], prepend=-1))
    sizes = np.diff(np.append(first, len(order)))
    within = np.arange(len(order)) - np.repeat(first, sizes)
    return order[within < cap]


def _ranks(phrases: tuple[str, ...], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the alphabetical rank of the phrase of each row in ``wanted``."""
    present = np.unique(wanted)
    by_text = sorted(present.tolist(), key=phrases.__getitem__)
    rank = np.zeros(len(phrases), dtype=np.int64)
    rank[by_text] = np.arange(len(by_text))
    return rank[wanted]
