from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from harness.core.errors import DataError, UsageError
from lenses.library import plan as module
from lenses.library.plan import (
    DEFAULT_CAPS,
    Plan,
    lowest_by_group,
    part_bounds,
    plan_rows,
    sample_phrases,
    up_to_cap,
)
from lenses.library.prefixes import phrase_hashes, prefix_hashes
from lenses.library.tokenise import TokenisedCorpus, tokenise
from tests.lenses.fixtures import PHRASES, make_tokenizer, token_id
from tests.lenses.library.id_corpora import CORPORA, corpus_of, ids_of, prefix_of, rows_of, text_of
from tests.lenses.library.test_tokenise import byte_fallback_tokenizer

Row = tuple[str, int]
"""Phrase text and position."""


def prefix(tokenised: TokenisedCorpus, row: Row) -> tuple[int, ...]:
    start = int(tokenised.starts[tokenised.phrases.index(row[0])])
    return tuple(tokenised.ids[start : start + row[1] + 1].tolist())


def occurrences(tokenised: TokenisedCorpus) -> list[Row]:
    """Return all positions of all phrases."""
    return [
        (text, position)
        for text, length in zip(tokenised.phrases, tokenised.lengths, strict=True)
        for position in range(length)
    ]


def text_prefixes(tokenised: TokenisedCorpus) -> set[tuple[int, ...]]:
    special = set(tokenised.ids[tokenised.special].tolist())
    every = {prefix(tokenised, row) for row in occurrences(tokenised)}
    return {ids for ids in every if ids[-1] not in special}


def plan(
    phrases: Sequence[str],
    policy: str = "reservoir",
    cap: int = 3,
    seed: int = 1,
    *,
    shared: bool = True,
) -> list[Row]:
    tokenised = tokenise(phrases, make_tokenizer())
    return rows_of(tokenised, plan_rows(tokenised, policy, cap, seed, shared=shared))


def test_without_a_cap_every_distinct_prefix_is_kept_once() -> None:
    tokenised = tokenise(PHRASES, make_tokenizer())
    found = plan_rows(tokenised, "reservoir", 10_000, 0)
    prefixes = [prefix(tokenised, row) for row in rows_of(tokenised, found)]
    assert len(prefixes) == len(set(prefixes)) == found.prefixes
    assert set(prefixes) == text_prefixes(tokenised)
    assert found.occurrences == int((~tokenised.special).sum())


@pytest.mark.parametrize("cap", [1, 2, 5])
def test_the_cap_holds_per_decoded_string_and_is_filled(cap: int) -> None:
    tokenised = tokenise(PHRASES, make_tokenizer())
    available = Counter(tokenised.texts[ids[-1]] for ids in text_prefixes(tokenised))
    kept = rows_of(tokenised, plan_rows(tokenised, "reservoir", cap, 0))
    counts = Counter(tokenised.texts[prefix(tokenised, row)[-1]] for row in kept)
    assert counts == {text: min(cap, count) for text, count in available.items()}


def test_the_cap_is_shared_by_ids_that_read_the_same() -> None:
    tokenizer = make_tokenizer()
    # Two single bytes that are no characters both read U+FFFD.
    tokenised = tokenise(["猫", "é", "ö", "ü"], tokenizer)
    ids = {index for index, text in tokenised.texts.items() if text == "\ufffd"}
    assert len(ids) > 2
    assert len(plan_rows(tokenised, "reservoir", 2, 0)) == 2


@pytest.mark.parametrize("policy", ["reservoir", "paper"])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("seed", [0, 5])
def test_the_order_of_the_corpus_has_no_say(policy: str, shared: bool, seed: int) -> None:
    expected = plan(PHRASES, policy, 2, seed, shared=shared)
    order = list(PHRASES)
    for shuffle in range(5):
        random.Random(shuffle).shuffle(order)
        assert plan(order, policy, 2, seed, shared=shared) == expected


@pytest.mark.parametrize("policy", ["reservoir", "paper"])
@pytest.mark.parametrize("shared", [True, False])
def test_ties_of_the_hash_fall_to_the_text_and_not_to_the_order(
    monkeypatch: pytest.MonkeyPatch, policy: str, shared: bool
) -> None:
    def same(texts: Sequence[str], seed: int) -> NDArray[np.uint64]:
        return np.zeros(len(texts), dtype=np.uint64)

    monkeypatch.setattr(module, "phrase_hashes", same)
    expected = plan(PHRASES, policy, 2, shared=shared)
    assert plan(PHRASES[::-1], policy, 2, shared=shared) == expected
    tokenised = tokenise(PHRASES, make_tokenizer())
    counts = Counter(tokenised.texts[prefix(tokenised, row)[-1]] for row in expected)
    assert set(counts.values()) == {1, 2}


@given(CORPORA, CORPORA, st.integers(1, 4), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_the_plan_of_two_corpora_is_the_merge_of_their_plans(
    left: list[str], right: list[str], cap: int, seed: int
) -> None:
    both = corpus_of(list(dict.fromkeys(left + right)))
    shown: dict[int, tuple[int, str, int]] = {}
    strings = defaultdict(set)
    for texts in (left, right):
        tokenised = corpus_of(texts)
        part = plan_rows(tokenised, "reservoir", cap, seed)
        for (text, position), value in zip(
            rows_of(tokenised, part), part.prefix.tolist(), strict=True
        ):
            found = (int(phrase_hashes([text], seed)[0]), text, position)
            shown[value] = min(shown.get(value, found), found)
            strings[both.texts[ids_of(text)[position]]].add(value)
    merged = [shown[value] for values in strings.values() for value in sorted(values)[:cap]]
    whole = rows_of(both, plan_rows(both, "reservoir", cap, seed))
    assert whole == sorted((text, position) for _, text, position in merged)


@given(CORPORA, st.sampled_from(["reservoir", "first", "paper"]), st.booleans())
@settings(max_examples=50, deadline=None)
def test_rows_stand_by_text_and_position_and_know_their_prefix(
    texts: list[str], policy: str, shared: bool
) -> None:
    tokenised = corpus_of([*texts, text_of((0, 1, 2))])
    found = plan_rows(tokenised, policy, 2, 3, shared=shared)
    rows = rows_of(tokenised, found)
    assert rows == sorted(set(rows))
    hashes = prefix_hashes(tokenised, 3)
    assert np.array_equal(found.prefix, hashes[tokenised.starts[found.phrases] + found.positions])


@pytest.mark.parametrize("tokenizer", [make_tokenizer(), byte_fallback_tokenizer()])
@pytest.mark.parametrize("cap", [1, 3, 50])
def test_first_keeps_what_a_walk_through_the_corpus_keeps(
    tokenizer: PreTrainedTokenizerBase, cap: int
) -> None:
    """The walk of the published package: a prefix counts as seen only once it is stored."""
    phrases = [*PHRASES, "a red sky", "a red sky at night", "a cat act", "a cat act at a tact"]
    tokenised = tokenise(phrases, tokenizer)
    seen: set[tuple[int, ...]] = set()
    counts: Counter[str] = Counter()
    expected = []
    for row in occurrences(tokenised):
        ids = prefix(tokenised, row)
        string = str(tokenizer.decode([ids[-1]]))
        if row[1] >= 2 and ids not in seen and counts[string] < cap:
            seen.add(ids)
            counts[string] += 1
            expected.append(row)
    found = plan_rows(tokenised, "first", cap)
    assert rows_of(tokenised, found) == sorted(expected)


def test_first_keeps_a_token_that_ends_every_sequence() -> None:
    tokenised = tokenise(["a cat", "the sky"], make_tokenizer(eos=True))
    ends = rows_of(tokenised, plan_rows(tokenised, "first"))
    assert ("the sky", int(tokenised.lengths[1]) - 1) in ends
    kept = rows_of(tokenised, plan_rows(tokenised, "reservoir"))
    assert ("the sky", int(tokenised.lengths[1]) - 1) not in kept


def test_paper_keeps_equal_prefixes_and_special_tokens() -> None:
    tokenised = tokenise(PHRASES, make_tokenizer())
    assert rows_of(tokenised, plan_rows(tokenised, "paper", 10_000)) == sorted(
        occurrences(tokenised)
    )
    found = plan_rows(tokenised, "paper", 4, 0)
    counts = Counter(
        tokenised.strings[prefix(tokenised, row)[-1]] for row in rows_of(tokenised, found)
    )
    available = Counter(tokenised.strings[index] for index in tokenised.ids.tolist())
    assert counts == {string: min(4, count) for string, count in available.items()}
    assert found.prefixes == found.occurrences == len(tokenised.ids)


def test_without_sharing_equal_prefixes_are_rows_of_their_own() -> None:
    phrases = ["red sky", "red barn", "red tree"]
    begins = [row for row in plan(phrases, cap=9, shared=False) if row[1] == 1]
    assert begins == [("red barn", 1), ("red sky", 1), ("red tree", 1)]
    first = plan([*phrases, "red tree and"], "first", cap=1, shared=False)
    tokenised = tokenise(phrases, make_tokenizer())
    assert {prefix(tokenised, row)[-1] for row in first if row[0] == "red sky"} >= {
        token_id("Ġsky")
    }


@pytest.mark.parametrize("policy", ["reservoir", "first", "paper"])
def test_the_cap_of_each_policy_is_its_own_by_default(policy: str) -> None:
    tokenised = corpus_of([text_of((0, 1 + turn // 9, 1 + turn % 9, 5)) for turn in range(81)])
    found = plan_rows(tokenised, policy)
    fives = [row for row in range(len(found)) if prefix_of(tokenised, found, row)[-1] == 5]
    assert len(fives) == DEFAULT_CAPS[policy] == {"first": 50}.get(policy, 20)


def test_another_seed_draws_other_rows() -> None:
    assert plan(PHRASES, seed=1, cap=1) != plan(PHRASES, seed=2, cap=1)


def test_reservoir_is_uniform_over_prefixes_however_many_phrases_share_them() -> None:
    """Ten phrases begin "red sky": their one prefix must not be drawn more often than others."""
    ends = ("cat", "man", "hat", "mat", "tree", "dog", "fish", "barn", "sign", "beach")
    shared = [f"red sky and the {end}" for end in ends]
    single = [f"{word} sky" for word in ("the", "black", "grey")]
    drawn: Counter[tuple[int, ...]] = Counter()
    tokenised = tokenise(shared + single, make_tokenizer())
    sky = token_id("Ġsky")
    for seed in range(400):
        rows = rows_of(tokenised, plan_rows(tokenised, "reservoir", 1, seed))
        drawn.update(p for row in rows if (p := prefix(tokenised, row))[-1] == sky)
    assert len(drawn) == 4
    assert all(65 <= count <= 135 for count in drawn.values()), drawn


def test_shared_prefixes_are_shown_in_different_phrases() -> None:
    shared = ["red sky and a cat", "red sky and a man", "red sky over the sea"]
    tokenised = tokenise(shared, make_tokenizer())
    contexts = defaultdict(set)
    for seed in range(40):
        for text, position in rows_of(tokenised, plan_rows(tokenised, "reservoir", 9, seed)):
            contexts[prefix(tokenised, (text, position))].add(text)
    red = prefix(tokenised, (shared[0], 1))
    assert contexts[red] == set(shared)


@pytest.mark.parametrize("bos", [True, False])
def test_the_first_text_token_is_eligible_and_bos_is_not(bos: bool) -> None:
    tokenised = tokenise(["cat", "cat and dog"], make_tokenizer(bos=bos))
    kept = rows_of(tokenised, plan_rows(tokenised))
    assert {position for _, position in kept} == set(range(int(bos), max(kept)[1] + 1))
    assert [prefix(tokenised, row) for row in kept].count(prefix(tokenised, ("cat", int(bos)))) == 1


def test_texts_without_a_token_hold_no_row() -> None:
    tokenised = tokenise(["", "cat", ""], make_tokenizer(bos=False))
    assert rows_of(tokenised, plan_rows(tokenised)) == [("cat", 0)]


def test_lowest_keys_of_each_group() -> None:
    key = np.asarray([5, 3, 3, 9, 1, 3], dtype=np.uint64)
    group = np.asarray([0, 0, 0, 1, 1, 0])
    assert lowest_by_group(key, group, 2).tolist() == [1, 2, 3, 4]
    assert sorted(up_to_cap(key, group, 2).tolist()) == [1, 2, 3, 4, 5]
    assert sorted(up_to_cap(key, group, 9).tolist()) == list(range(6))


@given(st.integers(0, 4))
@settings(max_examples=5, deadline=None)
def test_samples_are_nested_and_know_no_order(seed: int) -> None:
    lines = [f"phrase {number}" for number in range(4000)]
    thousandth, hundredth, tenth = (
        sample_phrases(lines, fraction, seed) for fraction in (0.002, 0.01, 0.1)
    )
    assert set(thousandth) < set(hundredth) < set(tenth) < set(lines)
    assert 340 < len(tenth) < 460
    assert list(tenth) == [line for line in lines if line in set(tenth)]
    assert set(sample_phrases(lines[::-1], 0.01, seed)) == set(hundredth)
    assert sample_phrases(lines, 1, seed) == tuple(lines)


def test_a_sample_does_not_favour_the_phrases_that_represent_prefixes() -> None:
    lines = [f"phrase {number}" for number in range(4000)]
    sample = sample_phrases(lines, 0.1, 0)
    below_median = phrase_hashes(sample, 0) < np.uint64(1 << 63)
    assert 0.4 < below_median.mean() < 0.6


def test_bad_samples() -> None:
    for fraction in (0, -0.1, 1.1, float("nan")):
        with pytest.raises(UsageError, match="expected above 0 and at most 1"):
            sample_phrases(["a"], fraction, 0)
    with pytest.raises(DataError, match="fraction=1e-09 leaves none of 2 phrases"):
        sample_phrases(["a", "b"], 1e-9, 0)


@given(CORPORA, st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_parts_are_even_and_hold_whole_phrases(texts: list[str], part_rows: int) -> None:
    found: Plan = plan_rows(corpus_of(texts), "reservoir", 3)
    bounds = part_bounds(found, part_rows)
    assert [row for start, stop in bounds for row in range(start, stop)] == list(range(len(found)))
    own = [set(found.phrases[start:stop].tolist()) for start, stop in bounds]
    assert sum(map(len, own)) == len(set.union(*own))
    most = Counter(found.phrases.tolist()).most_common(1)[0][1]
    assert all(stop - start < part_rows + most for start, stop in bounds)
    assert len(bounds) <= -(-len(found) // part_rows)


def test_bad_input() -> None:
    tokenised = tokenise(["a cat"], make_tokenizer())
    with pytest.raises(UsageError, match="unknown library policy 'resevoir': did you mean"):
        plan_rows(tokenised, "resevoir")
    with pytest.raises(UsageError, match="cap=0"):
        plan_rows(tokenised, cap=0)
    with pytest.raises(DataError, match="every token is a special token"):
        plan_rows(tokenise(["<pad>"], make_tokenizer()))
    with pytest.raises(DataError, match="no phrase has more than 2 tokens"):
        plan_rows(tokenise(["cat"], make_tokenizer()), "first")
    with pytest.raises(UsageError, match="part_rows=0"):
        part_bounds(plan_rows(tokenised), 0)
