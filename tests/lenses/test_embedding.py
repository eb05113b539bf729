from __future__ import annotations

import pytest

from lenses.base import LensContext
from lenses.embedding import EmbeddingLens
from tests.lenses.fixtures import make_queries


def test_the_state_itself_is_compared_without_norm_or_length(context: LensContext) -> None:
    lens = EmbeddingLens()
    lens.prepare(context)
    queries = make_queries(3)
    queries.states[:] = context.readout.embed[[5, 11, 60]] * 40
    rows = lens.describe(queries, 2)
    assert [row[0].token_id for row in rows] == [5, 7, 60]
    assert rows[1][1].token_id == 11
    assert all(row[0].score == pytest.approx(1.0) for row in rows)
    assert rows[0][0].token == context.vocabulary[5]
