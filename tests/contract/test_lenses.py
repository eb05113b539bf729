"""What every registered lens and control promises, whoever wrote it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from harness.core.errors import DataError, UsageError
from lenses.base import Lens, LensCard, LensContext, Neighbour
from lenses.library.store import Library
from lenses.registry import lens_names, make_lens
from tests.lenses.fixtures import make_context, make_library, make_queries, make_readout, select

K = 5
N = 12
VARIANTS = (
    "latent:centred",
    "latent:dedup=word",
    "latent:dedup=phrase:layers=1+4",
    "latent:same-layer",
    "logit:matched",
    "embedding:matched",
    "shuffled-patch:latent:centred",
)
NAMES = (*lens_names(), *VARIANTS)
every_lens = pytest.mark.parametrize("name", NAMES)
Rows = Sequence[Sequence[Neighbour]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return make_library(tmp_path_factory.mktemp("contract") / "library")


@pytest.fixture(scope="module")
def context(library: Library) -> LensContext:
    return make_context(library)


def prepared(name: str, context: LensContext) -> Lens:
    lens = make_lens(name)
    lens.prepare(context)
    return lens


def plain(rows: Rows) -> list[list[Neighbour]]:
    return [list(row) for row in rows]


@every_lens
def test_card_is_complete(name: str) -> None:
    card = make_lens(name).card
    assert card.name == name
    assert LensCard.model_validate(card.model_dump()) == card
    assert card.needs
    assert all(text.strip() for text in (card.summary, card.source))


@every_lens
@pytest.mark.parametrize("k", [1, K])
def test_k_neighbours_per_row_best_first(name: str, k: int, context: LensContext) -> None:
    rows = prepared(name, context).describe(make_queries(N), k)
    assert len(rows) == N
    for row in rows:
        assert len(row) == k
        scores = [neighbour.score for neighbour in row]
        assert scores == sorted(scores, reverse=True)
        assert all(math.isfinite(score) for score in scores)


@every_lens
def test_fewer_is_a_prefix_of_more(name: str, context: LensContext) -> None:
    """Not for random draws, whose number is part of the draw."""
    lens = prepared(name, context)
    few, more = lens.describe(make_queries(N), 2), lens.describe(make_queries(N), K)
    if name == "random-reference":
        assert [len(row) for row in few] == [2] * N
    else:
        assert plain(few) == [list(row[:2]) for row in more]


@every_lens
def test_cosines_lie_between_minus_one_and_one(name: str, context: LensContext) -> None:
    lens = prepared(name, context)
    queries = make_queries(N)
    queries.states[0] = 0
    queries.states[1] = context.library().vectors(1, unit=False)[0]
    queries.states[2] = -context.readout.embed[3]
    scores = [neighbour.score for row in lens.describe(queries, K) for neighbour in row]
    if lens.card.similarity == "cosine":
        assert all(-1.0 <= score <= 1.0 for score in scores)
    assert not any(math.isnan(score) for score in scores)


@every_lens
def test_neighbours_are_coherent(name: str, context: LensContext) -> None:
    lens = prepared(name, context)
    for row in lens.describe(make_queries(N), K):
        for neighbour in row:
            assert context.vocabulary[neighbour.token_id] == neighbour.token
            if neighbour.context:
                assert neighbour.context[neighbour.start : neighbour.end] == neighbour.word
                assert neighbour.source_layer in context.library().layers
            else:
                assert (neighbour.start, neighbour.end, neighbour.source_layer) == (0, 0, None)
                assert neighbour.word == neighbour.token.strip() or not neighbour.token.strip()


@every_lens
def test_row_order_has_no_influence(name: str, context: LensContext) -> None:
    lens = prepared(name, context)
    order = [5, 11, 0, 7, 2, 9, 10, 1, 8, 3, 6, 4]
    straight = lens.describe(make_queries(N), K)
    mixed = lens.describe(select(make_queries(N), order), K)
    assert [list(mixed[order.index(row)]) for row in range(N)] == plain(straight)


@every_lens
def test_batching_has_no_influence(name: str, context: LensContext) -> None:
    """A shuffled control is about the whole set, so each part must hold whole sets of images."""
    lens = prepared(name, context)
    queries = make_queries(N)
    whole = lens.describe(queries, K)
    if name.startswith("shuffled-patch:"):
        with pytest.raises(UsageError, match="at least 2 images"):
            lens.describe(select(queries, [0]), K)
    else:
        single = [lens.describe(select(queries, [row]), K)[0] for row in range(N)]
        assert plain(single) == plain(whole)


@every_lens
def test_answers_and_fingerprint_are_reproducible(name: str, context: LensContext) -> None:
    first, second = prepared(name, context), prepared(name, context)
    queries = make_queries(N)
    before = first.fingerprint()
    assert plain(first.describe(queries, K)) == plain(second.describe(queries, K))
    assert first.fingerprint() == before == second.fingerprint()


@every_lens
def test_fingerprint_follows_what_the_lens_needs(
    name: str, context: LensContext, tmp_path: Path
) -> None:
    lens = prepared(name, context)
    rows = len(context.vocabulary)
    other = {
        "readout": dataclasses.replace(context, readout=make_readout(rows=rows, scale=2.0)),
        "library": make_context(make_library(tmp_path / "other", cap=2)),
    }
    for need in lens.card.needs:
        assert prepared(name, other[need]).fingerprint() != lens.fingerprint()


def test_fingerprints_differ_between_lenses(context: LensContext) -> None:
    prints = {prepared(name, context).fingerprint() for name in NAMES}
    assert len(prints) == len(NAMES)


@every_lens
def test_inputs_are_left_as_they_were(name: str, context: LensContext) -> None:
    queries = make_queries(N)
    prepared(name, context).describe(queries, K)
    assert torch.equal(queries.states, make_queries(N).states)


@every_lens
def test_no_rows_give_no_answers(name: str, context: LensContext) -> None:
    assert plain(prepared(name, context).describe(select(make_queries(N), []), K)) == []


@every_lens
@pytest.mark.parametrize("bad", [float("nan"), float("-inf")])
def test_nan_and_inf_name_the_patch(name: str, bad: float, context: LensContext) -> None:
    queries = make_queries(N)
    queries.states[4, 0] = bad
    with pytest.raises(DataError, match=f"layer {queries.layer}.*{queries.patch_ids[4]}"):
        prepared(name, context).describe(queries, K)


@every_lens
def test_k_below_one_and_use_before_prepare_are_usage_errors(
    name: str, context: LensContext
) -> None:
    with pytest.raises(UsageError, match="k=0"):
        prepared(name, context).describe(make_queries(N), 0)
    with pytest.raises(UsageError, match="prepare"):
        make_lens(name).describe(make_queries(N), K)
    with pytest.raises(UsageError, match="prepare"):
        make_lens(name).fingerprint()
