from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable

import pytest
import torch

from harness.core.errors import DataError, MismatchError, UsageError
from lenses.base import LensCard, LensContext, Neighbour
from lenses.embedding import EmbeddingLens
from lenses.logit import LogitLens
from lenses.retrieval import CandidateGroup, Candidates, RetrievalLens
from lenses.vocabulary import vocabulary_candidates
from tests.lenses.fixtures import HIDDEN, make_queries

MAX_LINES = 30


class OutputCosineLens(RetrievalLens):
    """A new lens, as a third party would write it: cosine of normed states with output rows."""

    card = LensCard(
        name="output-cosine",
        kind="lens",
        summary="Tokens whose output row has the highest cosine with the normed state.",
        source="this test",
        needs=("readout",),
        unit="token",
        similarity="cosine",
    )

    def candidates(self, context: LensContext) -> Candidates:
        readout = context.readout
        return vocabulary_candidates(readout.unembed, context.vocabulary, readout.fingerprint())

    def transform(self, states: torch.Tensor, layer: int) -> torch.Tensor:
        return self.context.readout.normalise(states)


class GroupsLens(RetrievalLens):
    """Candidates in several groups, given by the test."""

    card = OutputCosineLens.card.model_copy(update={"name": "groups", "similarity": "dot"})

    def __init__(self, groups: dict[int, torch.Tensor]) -> None:
        self.groups = groups

    def candidates(self, context: LensContext) -> Candidates:
        def describer(layer: int) -> Callable[[int, float], Neighbour]:
            return lambda i, score: Neighbour(f"{layer}:{i}", i, "", score, layer, "", 0, 0)

        return Candidates(
            tuple(CandidateGroup(rows, n, describer(n)) for n, rows in self.groups.items()), "x"
        )


@pytest.mark.parametrize("lens", [LogitLens, EmbeddingLens, OutputCosineLens])
def test_a_retrieval_lens_is_short(lens: type[RetrievalLens]) -> None:
    assert len(inspect.getsource(lens).splitlines()) <= MAX_LINES


def test_a_new_lens_answers_by_its_candidates_transform_and_similarity(
    context: LensContext,
) -> None:
    lens = OutputCosineLens()
    lens.prepare(context)
    queries = make_queries()
    normed = torch.nn.functional.normalize(context.readout.normalise(queries.states))
    cosines = normed @ torch.nn.functional.normalize(context.readout.unembed).T
    expected = cosines.topk(4, dim=1).values
    found = [[neighbour.score for neighbour in row] for row in lens.describe(queries, 4)]
    assert torch.allclose(torch.tensor(found), expected, atol=1e-5)


def test_groups_compete_by_score_and_ties_go_to_the_earlier_group(context: LensContext) -> None:
    first, second = torch.zeros(3, HIDDEN), torch.zeros(2, HIDDEN)
    first[:, 0] = torch.tensor([1.0, 3.0, 1.0])
    second[:, 0] = torch.tensor([1.0, 2.0])
    lens = GroupsLens({8: first, 2: second})
    lens.prepare(context)
    queries = make_queries(1)
    queries.states[:] = 0
    queries.states[0, 0] = 1
    (row,) = lens.describe(queries, 4)
    assert [n.token for n in row] == ["8:1", "2:1", "8:0", "8:2"]
    assert [n.source_layer for n in row] == [8, 2, 8, 8]


def test_cosine_of_a_zero_state_is_zero_and_never_nan(context: LensContext) -> None:
    lens = EmbeddingLens()
    lens.prepare(context)
    queries = make_queries(2)
    queries.states[0] = 0
    row, _ = lens.describe(queries, 3)
    assert [n.score for n in row] == [0.0, 0.0, 0.0]
    assert [n.token_id for n in row] == [0, 1, 2]


def test_fingerprint_follows_card_and_candidates(context: LensContext) -> None:
    def fingerprint(lens: RetrievalLens) -> str:
        lens.prepare(context)
        return lens.fingerprint()

    renamed = OutputCosineLens()
    renamed.card = renamed.card.model_copy(update={"similarity": "dot"})
    groups = GroupsLens({1: torch.ones(1, HIDDEN)})
    assert len({fingerprint(lens) for lens in (OutputCosineLens(), renamed, groups)}) == 3
    assert fingerprint(OutputCosineLens()) == fingerprint(OutputCosineLens())


def test_use_before_prepare_says_so() -> None:
    lens = OutputCosineLens()
    uses: list[Callable[[], object]] = [
        lambda: lens.describe(make_queries(), 1),
        lens.fingerprint,
        lambda: lens.context,
    ]
    for use in uses:
        with pytest.raises(UsageError, match=r"'output-cosine': prepare\(context\) must come"):
            use()


def test_bad_queries_name_layer_and_patch(context: LensContext) -> None:
    lens = EmbeddingLens()
    lens.prepare(context)
    queries = make_queries()
    queries.states[3, 5] = float("inf")
    with pytest.raises(DataError, match="1 of 12 states at layer 2 .* patch 0000000000000003"):
        lens.describe(queries, 1)
    short = dataclasses.replace(make_queries(), patch_ids=("a",))
    with pytest.raises(MismatchError, match="12 states, 1 patch ids and 12 image ids"):
        lens.describe(short, 1)
    narrow = dataclasses.replace(make_queries(), states=torch.ones(12, 3))
    with pytest.raises(MismatchError, match=r"\(12, 3\)"):
        lens.describe(narrow, 1)
