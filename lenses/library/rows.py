"""The row table: which token of which phrase each row is, shared by all layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lenses.library.plan import Plan
from lenses.library.tokenise import TokenisedCorpus
from lenses.library.words import whole_word

ROW_SCHEMA = pa.schema(
    [
        ("phrase", pa.int64()),
        ("position", pa.int32()),
        ("token_id", pa.int32()),
        ("token", pa.string()),
        ("word", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("prefix", pa.uint64()),
    ]
)
"""Columns of the row table; start and end are the characters of ``word`` in the phrase, prefix is
the keyed hash of the token ids up to and including the row's."""

PHRASE_SCHEMA = pa.schema([("text", pa.string())])

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """One kept token with the phrase it was read in."""

    token: str
    token_id: int
    word: str
    start: int
    end: int
    position: int
    context: str


class RowTable:
    """The row table in memory, with its phrases.

    Args:
        rows: Columns of ``ROW_SCHEMA``.
        phrases: The column of ``PHRASE_SCHEMA``.
    """

    def __init__(self, rows: pa.Table, phrases: pa.Table) -> None:
        self.rows = rows
        self.phrases = phrases

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.rows.num_rows)

    @cached_property
    def _columns(self) -> dict[str, pa.Array]:
        return {name: self.rows[name].combine_chunks() for name in ROW_SCHEMA.names}

    @cached_property
    def texts(self) -> pa.Array:
        """Texts of the phrases, [phrases]."""
        return self.phrases["text"].combine_chunks()

    def column(self, name: str) -> pa.Array:
        """Return one column of the row table."""
        return self._columns[name]

    def take(self, indices: NDArray[np.int64] | Sequence[int]) -> pa.Table:
        """Return rows ``indices`` with a further column ``context``, the text of the phrase."""
        wanted = pa.array(indices, type=pa.int64())
        columns = {name: pc.take(column, wanted) for name, column in self._columns.items()}
        return pa.table({**columns, "context": pc.take(self.texts, columns["phrase"])})

    def row(self, index: int) -> LibraryRow:
        """Return one row."""
        names = ("token", "token_id", "word", "start", "end", "position")
        values = {name: self._columns[name][index].as_py() for name in names}
        phrase = self._columns["phrase"][index].as_py()
        return LibraryRow(**values, context=self.texts[phrase].as_py())


def row_table(tokenised: TokenisedCorpus, plan: Plan) -> RowTable:
    """Return the table of the planned rows; its phrases are those with a row, in row order."""
    changes = np.diff(plan.phrases, prepend=-1) != 0
    phrase = np.cumsum(changes) - 1
    texts = [tokenised.phrases[index] for index in plan.phrases[changes].tolist()]
    chunks = [
        _chunk(tokenised, plan, phrase, texts, slice(start, start + _CHUNK))
        for start in range(0, len(plan), _CHUNK)
    ]
    rows = pa.Table.from_batches(chunks, schema=ROW_SCHEMA)
    return RowTable(rows, pa.table({"text": texts}, schema=PHRASE_SCHEMA))


def numbered(rows: pa.Table, texts: pa.Array) -> RowTable:
    """Return a row table with phrases numbered in row order.

    Args:
        rows: Columns of ``ROW_SCHEMA``; the numbers in ``phrase`` are of ``texts``.
        texts: Phrases, with or without some that no row uses.
    """
    phrase = rows["phrase"].to_numpy()
    changes = np.diff(phrase, prepend=-1) != 0
    used = pc.take(texts, pa.array(phrase[changes]))
    column = pa.array(np.cumsum(changes) - 1, type=pa.int64())
    named = rows.set_column(rows.schema.get_field_index("phrase"), "phrase", column)
    return RowTable(
        named.select(ROW_SCHEMA.names).cast(ROW_SCHEMA),
        pa.table({"text": used}, schema=PHRASE_SCHEMA),
    )


def _chunk(
    tokenised: TokenisedCorpus,
    plan: Plan,
    phrase: NDArray[np.int64],
    texts: list[str],
    rows: slice,
) -> pa.RecordBatch:
    flat = tokenised.starts[plan.phrases[rows]] + plan.positions[rows]
    ids = tokenised.ids[flat]
    contexts = [texts[index] for index in phrase[rows].tolist()]
    spans = [
        whole_word(text, start, end)
        for text, (start, end) in zip(contexts, tokenised.spans[flat].tolist(), strict=True)
    ]
    edges = np.asarray(spans, dtype=np.int32).reshape(-1, 2)
    columns = [
        phrase[rows],
        plan.positions[rows].astype(np.int32),
        ids.astype(np.int32),
        [tokenised.texts[index] for index in ids.tolist()],
        [text[start:end] for text, (start, end) in zip(contexts, spans, strict=True)],
        edges[:, 0],
        edges[:, 1],
        plan.prefix[rows],
    ]
    return pa.record_batch(columns, schema=ROW_SCHEMA)
