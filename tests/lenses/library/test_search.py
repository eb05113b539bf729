from __future__ import annotations

import torch

from lenses.library.search import search
from lenses.library.store import Library
from tests.lenses.fixtures import HIDDEN, LAYERS


def test_a_stored_state_finds_itself(library: Library) -> None:
    for number, layer in enumerate(LAYERS):
        queries = library.vectors(layer, unit=False)
        found = search(library, queries, 3)
        assert found.groups[:, 0].tolist() == [number] * len(library)
        assert found.indices[:, 0].tolist() == list(range(len(library)))
        assert torch.allclose(found.scores[:, 0], torch.ones(len(library)).double(), atol=1e-5)


def test_merge_is_over_all_layers_without_removing_repetitions(library: Library) -> None:
    queries = torch.randn(30, HIDDEN, generator=torch.Generator().manual_seed(0))
    found = search(library, queries, 5)
    tables = [torch.nn.functional.normalize(library.vectors(layer)) for layer in LAYERS]
    cosines = torch.nn.functional.normalize(queries) @ torch.cat(tables).T
    assert torch.allclose(found.scores.float(), cosines.topk(5, dim=1).values, atol=1e-5)
    repeated = [len({library.row(i).token for i in row}) < 5 for row in found.indices.tolist()]
    assert any(repeated)
