from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lenses.library.plan import plan_rows
from lenses.library.rows import PHRASE_SCHEMA, ROW_SCHEMA, RowTable, numbered, row_table
from lenses.library.tokenise import tokenise
from tests.lenses.fixtures import PHRASES, make_tokenizer


@pytest.fixture(scope="module", params=["reservoir", "first", "paper"])
def table(request: pytest.FixtureRequest) -> RowTable:
    tokenised = tokenise(PHRASES, make_tokenizer())
    return row_table(tokenised, plan_rows(tokenised, request.param, 4, 42))


def test_every_row_names_its_token_word_and_phrase(table: RowTable) -> None:
    tokenizer = make_tokenizer()
    assert len(table) > len(PHRASES)
    for index in range(len(table)):
        row = table.row(index)
        encoded = tokenizer(row.context, return_offsets_mapping=True)
        assert encoded["input_ids"][row.position] == row.token_id
        assert tokenizer.decode([row.token_id]) == row.token
        start, end = encoded["offset_mapping"][row.position]
        assert row.context[row.start : row.end] == row.word
        if row.position:
            assert row.start <= start + (row.context[start] == " " and end - start > 1)
            assert end <= row.end


def test_sub_words_belong_to_the_word_at_their_place(table: RowTable) -> None:
    """Looking for the token's text in the phrase would give "cat" and "an" for these."""
    words = {
        (row.start, row.word)
        for row in map(table.row, range(len(table)))
        if row.context == "a catalogue of catfish and cattle"
    }
    assert {(2, "catalogue"), (27, "cattle")} <= words
    assert all(word != "cat" for _, word in words)


def test_rows_and_phrases_stand_in_canonical_order(table: RowTable) -> None:
    texts = table.texts.to_pylist()
    assert texts == sorted(set(texts))
    places = list(
        zip(table.column("phrase").to_pylist(), table.column("position").to_pylist(), strict=True)
    )
    assert places == sorted(places)
    assert set(table.column("phrase").to_pylist()) == set(range(len(texts)))


def test_the_order_of_the_corpus_leaves_no_trace() -> None:
    made = []
    for lines in (PHRASES, PHRASES[::-1]):
        tokenised = tokenise(lines, make_tokenizer())
        made.append(row_table(tokenised, plan_rows(tokenised, "reservoir", 4, 42)))
    assert made[0].rows.equals(made[1].rows)
    assert made[0].phrases.equals(made[1].phrases)


def test_taken_rows_carry_their_phrase(table: RowTable) -> None:
    wanted = [3, 3, 0]
    taken = table.take(wanted)
    assert taken.column_names == [*ROW_SCHEMA.names, "context"]
    assert taken["context"].to_pylist() == [table.row(index).context for index in wanted]
    assert len(table.take([])) == 0


def test_numbering_drops_phrases_without_rows(table: RowTable) -> None:
    kept = np.flatnonzero(table.column("phrase").to_numpy() % 2 == 1)
    fewer = numbered(table.rows.take(kept), table.texts)
    assert fewer.texts.to_pylist() == table.texts.to_pylist()[1::2]
    assert [fewer.row(i) for i in range(len(fewer))] == [table.row(i) for i in kept.tolist()]
    assert fewer.rows.schema == ROW_SCHEMA
    assert fewer.phrases.schema == PHRASE_SCHEMA


def test_a_table_of_nothing_has_all_columns() -> None:
    empty = numbered(ROW_SCHEMA.empty_table(), pa.array([], type=pa.string()))
    assert len(empty) == 0
    assert len(empty.texts) == 0
