from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import DataError, UsageError
from lenses.library.plan import Plan, plan_rows
from lenses.library.tokenise import TokenisedCorpus, tokenise
from tests.lenses.fixtures import PHRASES, make_tokenizer, token_id

Row = tuple[str, int]
"""Phrase text and position."""


def rows_of(tokenised: TokenisedCorpus, plan: Plan) -> list[Row]:
    pairs = zip(plan.phrases.tolist(), plan.positions.tolist(), strict=True)
    return [(tokenised.phrases[phrase], position) for phrase, position in pairs]


def prefix(tokenised: TokenisedCorpus, row: Row) -> tuple[int, ...]:
    start = int(tokenised.starts[tokenised.phrases.index(row[0])])
    return tuple(tokenised.ids[start : start + row[1] + 1].tolist())


def all_prefixes(tokenised: TokenisedCorpus) -> set[tuple[int, ...]]:
    rows = [
        (text, position)
        for index, text in enumerate(tokenised.phrases)
        for position in range(int(tokenised.starts[index + 1] - tokenised.starts[index]))
    ]
    special = {prefix(tokenised, (text, 0)) for text in tokenised.phrases}
    return {prefix(tokenised, row) for row in rows} - special


def plan(phrases: list[str], policy: str = "reservoir", cap: int = 3, seed: int = 1) -> list[Row]:
    tokenised = tokenise(phrases, make_tokenizer())
    return rows_of(tokenised, plan_rows(tokenised, policy, cap, seed))


@pytest.mark.parametrize("policy", ["reservoir", "first"])
def test_without_a_cap_every_distinct_prefix_is_kept_once(policy: str) -> None:
    tokenised = tokenise(PHRASES, make_tokenizer())
    found = plan_rows(tokenised, policy, 10_000, 0)
    prefixes = [prefix(tokenised, row) for row in rows_of(tokenised, found)]
    assert len(prefixes) == len(set(prefixes)) == found.prefixes
    assert set(prefixes) == all_prefixes(tokenised)
    assert found.occurrences == int((~tokenised.special).sum())


@pytest.mark.parametrize("policy", ["reservoir", "first"])
@pytest.mark.parametrize("cap", [1, 2, 5])
def test_the_cap_holds_per_decoded_string_and_is_filled(policy: str, cap: int) -> None:
    tokenised = tokenise(PHRASES, make_tokenizer())
    available = Counter(tokenised.texts[ids[-1]] for ids in all_prefixes(tokenised))
    kept = rows_of(tokenised, plan_rows(tokenised, policy, cap, 0))
    counts = Counter(tokenised.texts[prefix(tokenised, row)[-1]] for row in kept)
    assert counts == {text: min(cap, count) for text, count in available.items()}


def test_the_cap_is_shared_by_ids_that_read_the_same() -> None:
    tokenizer = make_tokenizer()
    # Two single bytes that are no characters both read U+FFFD.
    tokenised = tokenise(["猫", "é", "ö", "ü"], tokenizer)
    ids = {index for index, text in tokenised.texts.items() if text == "\ufffd"}
    assert len(ids) > 2
    assert len(plan_rows(tokenised, "reservoir", 2, 0)) == 2


@given(st.permutations(PHRASES), st.integers(0, 5))
@settings(max_examples=8, deadline=None)
def test_reservoir_does_not_depend_on_corpus_order(order: list[str], seed: int) -> None:
    assert plan(order, seed=seed) == plan(list(PHRASES), seed=seed)


def test_first_takes_the_earliest_occurrences() -> None:
    phrases = ["zebra cat", "man cat", "a cat", "the cat"]
    kept = plan(phrases, "first", cap=2)
    tokenised = tokenise(phrases, make_tokenizer())
    cat = token_id("Ġcat")
    assert {row[0] for row in kept if prefix(tokenised, row)[-1] == cat} == {"zebra cat", "man cat"}


def test_another_seed_draws_other_rows() -> None:
    assert plan(list(PHRASES), seed=1, cap=1) != plan(list(PHRASES), seed=2, cap=1)


def test_rows_stand_by_phrase_text_then_position() -> None:
    kept = plan(list(PHRASES))
    assert kept == sorted(kept)


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


def test_bad_input() -> None:
    tokenised = tokenise(["a cat"], make_tokenizer())
    with pytest.raises(UsageError, match="unknown library policy 'resevoir': did you mean"):
        plan_rows(tokenised, "resevoir")
    with pytest.raises(UsageError, match="cap=0"):
        plan_rows(tokenised, cap=0)
    with pytest.raises(DataError, match="every token is a special token"):
        plan_rows(tokenise(["<pad>"], make_tokenizer()))
