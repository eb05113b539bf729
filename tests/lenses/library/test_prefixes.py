from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError
from lenses.library.prefixes import (
    distinct_prefixes,
    occurrence_hashes,
    phrase_hashes,
    phrase_ranks,
    prefix_hashes,
)
from lenses.library.tokenise import TokenisedCorpus
from tests.lenses.library.id_corpora import CORPORA, Ids, corpus_of, ids_of, text_of


def prefixes(tokenised: TokenisedCorpus) -> list[Ids]:
    """Return the prefix that ends in each token."""
    phrases = [ids_of(text) for text in tokenised.phrases]
    return [ids[: position + 1] for ids in phrases for position in range(len(ids))]


@given(CORPORA, st.integers(-3, 3))
@settings(max_examples=60, deadline=None)
def test_hashes_are_equal_exactly_where_prefixes_are(texts: list[str], seed: int) -> None:
    tokenised = corpus_of(texts)
    found = defaultdict(set)
    for value, prefix in zip(
        prefix_hashes(tokenised, seed).tolist(), prefixes(tokenised), strict=True
    ):
        found[prefix].add(value)
    assert all(len(values) == 1 for values in found.values())
    assert len(set.union(*found.values())) == len(found)


def test_a_hash_depends_on_seed_and_prefix_and_on_no_other_phrase() -> None:
    alone, with_others = text_of((0, 3, 4)), [text_of((0, 1)), text_of((0, 3, 4)), text_of((5,))]
    expected = prefix_hashes(corpus_of([alone]), 1)
    assert np.array_equal(prefix_hashes(corpus_of(with_others), 1)[2:5], expected)
    assert not (prefix_hashes(corpus_of([alone]), 2) == expected).any()


def test_hashes_spread_over_all_64_bits() -> None:
    ids = [text_of((a, b)) for a in range(60) for b in range(60)]
    high = prefix_hashes(corpus_of(ids), 42)[1::2] >> np.uint64(60)
    low = prefix_hashes(corpus_of(ids), 42)[1::2] & np.uint64(15)
    for counts in (np.bincount(high.astype(int)), np.bincount(low.astype(int))):
        assert len(counts) == 16
        assert (abs(counts - 225) < 75).all()


def test_hashes_for_different_purposes_and_positions_differ() -> None:
    texts = ("a cat", "the sky")
    phrase = phrase_hashes(texts, 1)
    assert not (phrase == phrase_hashes(texts, 1, purpose="sample")).any()
    assert not (phrase == phrase_hashes(texts, 2)).any()
    assert (
        len(np.unique(occurrence_hashes(np.repeat(phrase, 50), np.tile(np.arange(50), 2)))) == 100
    )


@given(CORPORA, st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_each_prefix_is_represented_once_by_its_phrase_of_lowest_rank(
    texts: list[str], seed: int
) -> None:
    tokenised = corpus_of(texts)
    rank = np.random.default_rng(seed).permutation(len(texts))
    eligible = ~tokenised.special
    chosen = distinct_prefixes(tokenised, prefix_hashes(tokenised, seed), rank, eligible)
    phrase_of = np.repeat(np.arange(len(texts)), tokenised.lengths)
    every = prefixes(tokenised)
    lowest: dict[Ids, int] = {}
    for token in sorted(np.flatnonzero(eligible), key=lambda token: rank[phrase_of[token]]):
        lowest.setdefault(every[token], int(token))
    assert sorted(chosen.tolist()) == sorted(lowest.values())


@pytest.mark.parametrize(
    "texts",
    [
        [text_of((1, 2)), text_of((1, 3))],
        [text_of((1, 3)), text_of((2, 3))],
        [text_of((3,)), text_of((1, 3))],
    ],
)
def test_different_prefixes_with_one_hash_are_never_taken_for_one(texts: list[str]) -> None:
    """The last tokens clash, and only the id, the ids before or the position tell them apart."""
    tokenised = corpus_of(texts)
    hashes = np.arange(len(tokenised.ids), dtype=np.uint64)
    clash = tokenised.starts[1:] - 1
    hashes[clash] = 99
    every = np.ones(len(tokenised.ids), dtype=np.bool_)
    with pytest.raises(DataError, match="1 different prefixes share a 64-bit hash.*another seed"):
        distinct_prefixes(tokenised, hashes, np.arange(2), every)


def test_ranks_follow_the_hash_and_then_the_text() -> None:
    hashes = np.asarray([5, 2, 5, 2**64 - 1], dtype=np.uint64)
    assert phrase_ranks(["b", "z", "a", "c"], hashes).tolist() == [2, 0, 1, 3]
    assert phrase_ranks(["b", "z"], hashes[:2]).tolist() == [1, 0]
