"""Which token occurrences a reference library keeps, decided before any forward pass.

``reservoir`` (default): at most 20 distinct prefixes per decoded token, those of smallest keyed
hash. The kept set is a bottom-k sketch: it depends on neither order nor sharding of the corpus, and
the plan of two corpora together is the merge of their plans.

``first``: what latentlens 0.1.0 ``build_index`` keeps: the first 50 distinct prefixes per decoded
token in corpus order, special tokens included, the first two positions of every phrase left out.

``paper``: the sampling of Krojer et al. (arXiv 2602.00462): 20 occurrences per decoded token at any
position, special tokens included, equal prefixes counted as often as they occur.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import DataError, UsageError, unknown_name
from lenses.library.prefixes import (
    distinct_prefixes,
    occurrence_hashes,
    phrase_hashes,
    phrase_ranks,
    prefix_hashes,
)
from lenses.library.tokenise import TokenisedCorpus

Policy = Literal["reservoir", "first", "paper"]
POLICIES: tuple[Policy, ...] = ("reservoir", "first", "paper")
"""Rules by which rows are chosen."""

DEFAULT_CAPS: dict[str, int] = {"reservoir": 20, "first": 50, "paper": 20}
"""Most rows per decoded token, by policy."""

PART_ROWS = 16384
"""Rows of a part of a library, about."""

_SKIPPED = 2
"""Positions that ``first`` leaves out at the beginning of every phrase, begin token or not."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The kept rows in library order: by phrase text, then position."""

    phrases: NDArray[np.int64]
    """[rows], index of the phrase in the tokenised corpus; rows of a phrase stand together."""
    positions: NDArray[np.int64]
    """[rows], index of the token in its phrase, special tokens counted."""
    prefix: NDArray[np.uint64]
    """[rows], keyed hash of the ids up to and including the token."""
    prefixes: int
    """Candidates there were: distinct prefixes, or occurrences where prefixes are not shared."""
    occurrences: int
    """Eligible tokens of the corpus."""

    def __len__(self) -> int:
        """Return the number of kept rows."""
        return len(self.phrases)


def plan_rows(
    tokenised: TokenisedCorpus,
    policy: str = "reservoir",
    cap: int | None = None,
    seed: int = 42,
    *,
    shared: bool = True,
) -> Plan:
    """Choose at most ``cap`` rows per decoded token string.

    A prefix that several phrases begin with is one candidate. Under ``reservoir`` it is shown in
    the phrase of smallest keyed text hash, under ``first`` in the first phrase.

    Args:
        tokenised: The corpus.
        policy: One of ``POLICIES``.
        cap: Most rows per decoded token; ``DEFAULT_CAPS`` if not given.
        seed: Key of all hashes.
        shared: Whether equal prefixes have equal states. Without it, for a model that is not
            causal, every occurrence is its own candidate under every policy.

    Raises:
        UsageError: Unknown ``policy``, or ``cap`` less than 1.
        DataError: The corpus has no eligible token, or two prefixes share a hash.
    """
    if policy not in POLICIES:
        raise unknown_name("library policy", policy, POLICIES)
    cap = DEFAULT_CAPS[policy] if cap is None else cap
    if cap < 1:
        raise UsageError(f"cap={cap}: expected at least 1 row per token")
    lengths = tokenised.lengths
    phrase_of = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    position_of = (np.arange(len(phrase_of)) - tokenised.starts[phrase_of]).astype(np.int32)
    eligible = _eligible(tokenised, position_of, policy)
    prefix = prefix_hashes(tokenised, seed)
    candidates = np.flatnonzero(eligible)
    if shared and policy != "paper":
        rank = _representing(tokenised.phrases, policy, seed)
        candidates = distinct_prefixes(tokenised, prefix, rank, eligible)
    if policy == "first":
        key = candidates.astype(np.uint64)
    elif shared and policy == "reservoir":
        key = prefix[candidates]
    else:
        hashes = phrase_hashes(tokenised.phrases, seed)
        key = occurrence_hashes(hashes[phrase_of[candidates]], position_of[candidates])
    group = _string_groups(tokenised, leading_space=policy == "reservoir")[candidates]
    # Every candidate that a tie could let in, then ties by text and position.
    finalists = up_to_cap(key, group, cap)
    text_rank = _text_ranks(tokenised.phrases, phrase_of[candidates[finalists]])
    finalists = finalists[np.lexsort((position_of[candidates[finalists]], text_rank))]
    rows = candidates[finalists[lowest_by_group(key[finalists], group[finalists], cap)]]
    return Plan(
        phrases=phrase_of[rows].astype(np.int64),
        positions=position_of[rows].astype(np.int64),
        prefix=prefix[rows],
        prefixes=len(candidates),
        occurrences=int(eligible.sum()),
    )


def lowest_by_group(
    key: NDArray[np.uint64], group: NDArray[np.int32] | NDArray[np.int64], cap: int
) -> NDArray[np.int64]:
    """Return the rising indices of the ``cap`` smallest keys of each group, first of equals."""
    order = np.lexsort((key, group))
    _, first_of = _group_bounds(group[order])
    return np.sort(order[np.arange(len(order)) - first_of < cap])


def up_to_cap(
    key: NDArray[np.uint64], group: NDArray[np.int32] | NDArray[np.int64], cap: int
) -> NDArray[np.int64]:
    """Return the indices of keys no larger than the ``cap``-th smallest of their group.

    Unlike ``lowest_by_group`` it does not break ties, so that the order of the input has no say.
    """
    order = np.lexsort((key, group))
    sizes, first_of = _group_bounds(group[order])
    ordered = key[order]
    last = ordered[first_of + np.minimum(sizes, cap) - 1]
    return order[ordered <= last]


def sample_phrases(lines: Sequence[str], fraction: float, seed: int) -> tuple[str, ...]:
    """Return the phrases whose keyed text hash lies in the lowest ``fraction``, in their order.

    Each phrase is drawn on its own, so that order and company have no say, and a smaller fraction
    under the same seed gives a part of a larger one.

    Raises:
        UsageError: ``fraction`` is not above 0 and at most 1.
        DataError: No phrase is left.
    """
    if not 0 < fraction <= 1:
        raise UsageError(f"fraction={fraction}: expected above 0 and at most 1")
    if fraction == 1:
        return tuple(lines)
    limit = np.uint64(int(fraction * 2**64))
    kept = np.flatnonzero(phrase_hashes(lines, seed, purpose="sample") < limit).tolist()
    if not kept:
        raise DataError(
            f"fraction={fraction} leaves none of {len(lines)} phrases: take a larger fraction"
        )
    return tuple(lines[index] for index in kept)


def part_bounds(plan: Plan, part_rows: int) -> tuple[tuple[int, int], ...]:
    """Return consecutive row ranges of near ``part_rows`` rows that keep each phrase in one part.

    The parts are as even as whole phrases allow and depend on the plan alone.

    Raises:
        UsageError: ``part_rows`` is less than 1.
    """
    if part_rows < 1:
        raise UsageError(f"part_rows={part_rows}: expected at least 1 row per part")
    rows = len(plan)
    changes = np.flatnonzero(np.diff(plan.phrases)) + 1
    allowed = np.concatenate([[0], changes, [rows]])
    parts = -(-rows // part_rows)
    wanted = np.arange(parts + 1) * rows // max(parts, 1)
    bounds = np.unique(allowed[np.searchsorted(allowed, wanted)]).tolist()
    return tuple(zip(bounds[:-1], bounds[1:], strict=True))


def _eligible(
    tokenised: TokenisedCorpus, position_of: NDArray[np.int32], policy: str
) -> NDArray[np.bool_]:
    """Return which tokens may become rows, [tokens]."""
    if policy == "paper":
        return np.ones(len(tokenised.ids), dtype=np.bool_)
    eligible = position_of >= _SKIPPED if policy == "first" else ~tokenised.special
    if not eligible.any():
        reason = (
            f"no phrase has more than {_SKIPPED} tokens, which policy 'first' leaves out"
            if policy == "first"
            else "every token is a special token"
        )
        raise DataError(f"corpus: {reason}, there is nothing to keep")
    return eligible


def _representing(phrases: tuple[str, ...], policy: str, seed: int) -> NDArray[np.int64]:
    """Return the rank by which a phrase represents the prefixes it shares, [phrases]."""
    if policy == "first":
        return np.arange(len(phrases))
    return phrase_ranks(phrases, phrase_hashes(phrases, seed))


def _string_groups(tokenised: TokenisedCorpus, *, leading_space: bool) -> NDArray[np.int32]:
    """Return [tokens]: equal where the tokens decode to the same string."""
    strings: dict[str, int] = {}
    table = np.zeros(int(tokenised.ids.max()) + 1, dtype=np.int32)
    for index, text in (tokenised.texts if leading_space else tokenised.strings).items():
        table[index] = strings.setdefault(text, len(strings))
    return table[tokenised.ids]


def _group_bounds(
    group: NDArray[np.int32] | NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the size and the first index of each entry's group, [n] each, in sorted groups."""
    first = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(np.append(first, len(group)))
    return np.repeat(sizes, sizes), np.repeat(first, sizes)


def _text_ranks(phrases: tuple[str, ...], wanted: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the alphabetical rank of the phrase of each row in ``wanted``."""
    present = np.unique(wanted)
    by_text = sorted(present.tolist(), key=phrases.__getitem__)
    rank = np.zeros(len(phrases), dtype=np.int64)
    rank[by_text] = np.arange(len(by_text))
    return rank[wanted]
