from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import UsageError
from lenses.library.packs import PACKINGS, PackedBatch, pack_rows
from lenses.library.plan import Plan, part_bounds, plan_rows
from lenses.library.prefixes import prefix_hashes
from lenses.library.tokenise import TokenisedCorpus
from tests.lenses.library.id_corpora import CORPORA, corpus_of, ids_of, prefix_of, text_of

Family = tuple[TokenisedCorpus, Plan]


def family(phrases: int = 1500, words: int = 40, *, seed: int = 0) -> Family:
    """Return a corpus whose phrases share beginnings as sentences do, and its plan."""
    random = np.random.default_rng(seed)
    lengths = random.integers(2, 9, phrases)
    ids = [(0, *np.minimum(random.zipf(1.5, n), words).tolist()) for n in lengths.tolist()]
    tokenised = corpus_of([text_of(line) for line in sorted(set(ids))])
    return tokenised, plan_rows(tokenised, "reservoir", 50)


def chain(batch: PackedBatch, line: int, column: int) -> list[int]:
    """Return the columns from a phrase's first token to ``column``."""
    columns = [column]
    while (parent := int(batch.parents[line, columns[0]])) >= 0:
        columns.insert(0, parent)
    return columns


def phrase_ids(tokenised: TokenisedCorpus, phrase: int) -> list[int]:
    return list(ids_of(tokenised.phrases[phrase]))


@given(
    CORPORA,
    st.sampled_from(["reservoir", "paper"]),
    st.sampled_from(PACKINGS),
    st.integers(1, 4),
    st.integers(1, 40),
    st.integers(1, 4),
    st.integers(1, 30),
)
@settings(max_examples=200, deadline=None)
def test_every_row_is_given_once_by_the_state_of_its_very_prefix(
    texts: list[str], policy: str, packing: str, cap: int, width: int, batch: int, part_rows: int
) -> None:
    tokenised = corpus_of(texts)
    plan = plan_rows(tokenised, policy, cap)
    given_rows: list[int] = []
    for start, stop in part_bounds(plan, part_rows):
        packed = pack_rows(tokenised, plan, start, stop, packing, width=width, batch=batch)
        for one in packed:
            assert one.ids.shape == one.positions.shape == one.parents.shape
            for row, line, column in zip(
                one.rows.tolist(), one.batch.tolist(), one.columns.tolist(), strict=True
            ):
                assert start <= row < stop
                columns = chain(one, line, column)
                assert one.ids[line, columns].tolist() == prefix_of(tokenised, plan, row)
                assert one.positions[line, columns].tolist() == list(range(len(columns)))
            given_rows += one.rows.tolist()
            places = list(zip(one.batch.tolist(), one.columns.tolist(), strict=True))
            assert places == sorted(places)
    assert sorted(given_rows) == list(range(len(plan)))


@given(CORPORA, st.sampled_from(PACKINGS), st.integers(1, 40), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_no_token_is_run_but_for_a_row(
    texts: list[str], packing: str, width: int, batch: int
) -> None:
    """What is neither padding nor on the way to a row was cut, or is the end of a whole phrase."""
    tokenised = corpus_of(texts)
    plan = plan_rows(tokenised, "reservoir", 2)
    for one in pack_rows(tokenised, plan, 0, len(plan), packing, width=width, batch=batch):
        needed = np.zeros(one.ids.shape, dtype=np.bool_)
        for line, column in zip(one.batch.tolist(), one.columns.tolist(), strict=True):
            needed[line, chain(one, line, column)] = True
        if packing == "whole":
            needed[:] = True
        assert not one.ids[~needed].any()
        assert not one.positions[~needed].any()
        assert (one.parents[~needed] == -1).all()
        filled = needed.sum(1)
        assert (needed == (np.arange(one.ids.shape[1]) < filled[:, None])).all()


@given(st.permutations(family(60)[0].phrases), st.sampled_from(PACKINGS))
@settings(max_examples=10, deadline=None)
def test_batches_depend_on_the_rows_alone(order: list[str], packing: str) -> None:
    expected, found = (
        pack_rows(tokenised, plan_rows(tokenised), 10, 70, packing, width=32, batch=2)
        for tokenised in (family(60)[0], corpus_of(order))
    )
    assert len(found) == len(expected)
    for left, right in zip(found, expected, strict=True):
        for name in PackedBatch.__dataclass_fields__:
            assert np.array_equal(getattr(left, name), getattr(right, name)), name


def test_a_tree_runs_little_more_than_the_distinct_prefixes() -> None:
    tokenised, plan = family()
    last = np.zeros(len(tokenised.phrases), dtype=np.int64)
    np.maximum.at(last, plan.phrases, plan.positions + 1)
    position = np.arange(len(tokenised.ids)) - np.repeat(tokenised.starts[:-1], tokenised.lengths)
    needed = position < np.repeat(last, tokenised.lengths)
    prefixes = len(np.unique(prefix_hashes(tokenised, 0)[needed]))
    tree = pack_rows(tokenised, plan, 0, len(plan), "tree", width=256, batch=4)
    run = sum(batch.ids.size for batch in tree)
    assert prefixes <= run < 1.06 * prefixes
    assert run < 0.75 * needed.sum()


def test_a_line_moved_to_another_pack_lends_no_state_to_those_left_behind() -> None:
    """The short phrase fills the first pack; its neighbours share the token 2 in the second."""
    lines = [(0, 1, 1, 1, 1), (0, 2, 1, 1, 1), (0, 2, 2), (0, 2, 3, 1, 1)]
    tokenised = corpus_of([text_of(line) for line in lines])
    plan = plan_rows(tokenised)
    (batch,) = pack_rows(tokenised, plan, 0, len(plan), "tree", width=8, batch=2)
    assert batch.ids.tolist() == [[0, 1, 1, 1, 1, 2, 2, 0], [0, 2, 1, 1, 1, 3, 1, 1]]
    assert batch.parents.tolist() == [[-1, 0, 1, 2, 3, 0, 5, -1], [-1, 0, 1, 2, 3, 1, 5, 6]]


def test_tree_batches_have_one_width_and_only_the_last_is_narrower() -> None:
    tokenised, plan = family()
    shapes = [
        batch.ids.shape
        for batch in pack_rows(tokenised, plan, 0, len(plan), "tree", width=64, batch=4)
    ]
    assert set(shapes[:-1]) == {(4, 64)}
    assert shapes[-1][1] in (32, 64)


def test_a_long_phrase_gets_wider_packs_and_its_neighbours_fill_them() -> None:
    long = tuple(range(10, 110))
    texts = [text_of((0, *long)), *(text_of((0, 200 + n, 300 + n, 400 + n)) for n in range(40))]
    tokenised = corpus_of(texts)
    plan = plan_rows(tokenised)
    packed = pack_rows(tokenised, plan, 0, len(plan), "tree", width=64, batch=1)
    assert sorted(batch.ids.shape[1] for batch in packed) == [32, 64, 128]
    run = sum(int((batch.parents >= 0).sum()) for batch in packed)
    assert run == len(tokenised.ids) - len(texts)


def test_a_small_part_does_not_pay_for_a_wide_pack() -> None:
    tokenised = corpus_of([text_of((0, 1, 2)), text_of((0, 1, 3))])
    plan = plan_rows(tokenised)
    (batch,) = pack_rows(tokenised, plan, 0, len(plan), "tree")
    assert batch.ids.shape == (1, 32)
    assert batch.ids[0, :4].tolist() == [0, 1, 2, 3]
    assert batch.parents[0, :5].tolist() == [-1, 0, 1, 1, -1]
    assert batch.positions[0, :5].tolist() == [0, 1, 2, 2, 0]


def test_prefix_batches_stay_within_the_budget_and_skip_what_a_longer_line_covers() -> None:
    tokenised, plan = family()
    packed = pack_rows(tokenised, plan, 0, len(plan), "prefix", width=64, batch=4)
    assert all(batch.ids.size <= 256 for batch in packed)
    lines = [
        tuple(line[: 1 + int(np.flatnonzero(parents >= 0)[-1])].tolist())
        for batch in packed
        for line, parents in zip(batch.ids, batch.parents, strict=True)
    ]
    ordered = sorted(lines)
    assert not any(after[: len(before)] == before for before, after in pairwise(ordered))
    assert [len(line) for line in lines] == sorted(len(line) for line in lines)


def test_whole_batches_hold_whole_phrases_of_one_length() -> None:
    tokenised, plan = family()
    packed = pack_rows(tokenised, plan, 0, len(plan), "whole", width=64, batch=4)
    expected = [phrase_ids(tokenised, phrase) for phrase in np.unique(plan.phrases).tolist()]
    run = [line.tolist() for batch in packed for line in batch.ids]
    assert sorted(run) == sorted(expected)
    assert all(len(batch.ids) == 1 or batch.ids.size <= 256 for batch in packed)


def test_an_empty_range_has_no_batch_and_bad_sizes_are_refused() -> None:
    tokenised, plan = family(20)
    assert pack_rows(tokenised, plan, 3, 3, "tree") == []
    with pytest.raises(UsageError, match="unknown packing 'trie': did you mean tree"):
        pack_rows(tokenised, plan, 0, 1, "trie")
    with pytest.raises(UsageError, match="width=0, batch=8"):
        pack_rows(tokenised, plan, 0, 1, "tree", width=0)
