from __future__ import annotations

import pytest
import torch

from lenses.base import LensContext
from lenses.logit import LogitLens
from tests.lenses.fixtures import make_context, make_queries, make_readout


@pytest.mark.parametrize(("bias", "scale"), [(0.0, 1.0), (3.0, 1.0), (3.0, 0.25)])
@pytest.mark.parametrize("layer", [0, 3])
def test_scores_are_the_readouts_logits_at_every_layer(
    context: LensContext, bias: float, scale: float, layer: int
) -> None:
    readout = make_readout(rows=len(context.vocabulary), bias=bias, scale=scale)
    lens = LogitLens()
    lens.prepare(make_context(context.library(), readout=readout))
    queries = make_queries(40, layer=layer)
    rows = lens.describe(queries, 5)
    logits = readout.logits(queries.states)
    expected = logits.topk(5, dim=1).values
    found = torch.tensor([[n.score for n in row] for row in rows])
    ids = torch.tensor([[n.token_id for n in row] for row in rows])
    assert torch.allclose(found, expected, atol=1e-4)
    assert torch.allclose(logits.gather(1, ids), found, atol=1e-4)


def test_the_bias_decides_where_states_say_nothing(context: LensContext) -> None:
    readout = make_readout(rows=len(context.vocabulary))
    readout.head_bias[[40, 3, 200]] = torch.tensor([900.0, 800.0, 700.0])
    lens = LogitLens()
    lens.prepare(make_context(context.library(), readout=readout))
    for row in lens.describe(make_queries(), 3):
        assert [neighbour.token_id for neighbour in row] == [40, 3, 200]
