from __future__ import annotations

import dataclasses

import pytest
import torch

from harness.core.errors import MismatchError, UsageError
from lenses.base import LensContext, Neighbour
from lenses.latent import LatentLens
from lenses.library.store import Library
from lenses.registry import make_lens
from tests.lenses.fixtures import LAYERS, make_context, make_queries, make_readout


def test_a_text_state_finds_its_own_phrase_and_layer(
    context: LensContext, library: Library
) -> None:
    lens = LatentLens()
    lens.prepare(context)
    for layer in LAYERS:
        queries = make_queries(len(library))
        queries.states[:] = library.vectors(layer, unit=False)
        for index, row in enumerate(lens.describe(queries, 1)):
            expected = library.row(index)
            assert row[0].source_layer == layer
            assert (row[0].context, row[0].word) == (expected.context, expected.word)
            assert (row[0].start, row[0].end) == (expected.start, expected.end)
            assert (row[0].token, row[0].token_id) == (expected.token, expected.token_id)


def test_every_visual_layer_is_compared_with_all_contextual_layers(context: LensContext) -> None:
    lens = LatentLens()
    lens.prepare(context)
    answers = [lens.describe(make_queries(60, layer=layer), 5) for layer in (0, 9)]
    assert answers[0] == answers[1]
    assert {n.source_layer for row in answers[0] for n in row} == set(LAYERS)


def test_a_library_of_another_width_is_a_mismatch(library: Library) -> None:
    context = make_context(library, readout=make_readout(hidden=32))
    with pytest.raises(MismatchError, match="vectors of width 24, the model has 32"):
        LatentLens().prepare(context)


def test_the_library_is_opened_once(context: LensContext, library: Library) -> None:
    opened: list[Library] = []

    def opening(fraction: float = 1.0) -> Library:
        assert fraction == 1.0
        opened.append(library)
        return library

    lens = LatentLens()
    lens.prepare(dataclasses.replace(context, library=opening))
    lens.describe(make_queries(), 1)
    assert len(opened) == 1


def every_answer(context: LensContext, name: str, layer: int = 2) -> list[list[Neighbour]]:
    """Return all library rows of each query in the order of a lens."""
    lens = make_lens(name)
    lens.prepare(context)
    return [list(row) for row in lens.describe(make_queries(layer=layer), 10_000)]


def test_a_subset_of_layers_is_the_full_ranking_without_the_others(context: LensContext) -> None:
    full = every_answer(context, "latent")
    kept = [[n for n in row if n.source_layer in (1, 4)] for row in full]
    assert every_answer(context, "latent:layers=1+4") == kept
    lens = make_lens("latent:layers=1+3")
    with pytest.raises(UsageError, match=r"layers \[3\] are not in the library"):
        lens.prepare(context)


@pytest.mark.parametrize(("visual", "nearest"), [(0, 1), (1, 1), (3, 2), (4, 4), (9, 4)])
def test_same_layer_searches_the_nearest_contextual_layer(
    context: LensContext, visual: int, nearest: int
) -> None:
    full = every_answer(context, "latent", visual)
    kept = [[n for n in row if n.source_layer == nearest] for row in full]
    assert every_answer(context, "latent:same-layer", visual) == kept


@pytest.mark.parametrize("by", ["word", "phrase"])
def test_dedup_keeps_the_best_of_each(context: LensContext, by: str) -> None:
    def key(n: Neighbour) -> str:
        return n.word.lower() if by == "word" else n.context

    full = every_answer(context, "latent")
    for k in (1, 3, 8):
        lens = make_lens(f"latent:dedup={by}")
        lens.prepare(context)
        for row, everything in zip(lens.describe(make_queries(), k), full, strict=True):
            firsts = {key(n): n for n in reversed(everything)}
            best = [n for n in everything if firsts[key(n)] is n][:k]
            assert list(row) == best
            assert len({key(n) for n in row}) == k
    (row, *_) = every_answer(context, f"latent:dedup={by}")
    assert len(row) == len({key(n) for n in full[0]})


def test_centred_scores_are_cosines_around_the_layers_mean(
    context: LensContext, library: Library
) -> None:
    unit = torch.nn.functional.normalize(make_queries().states)
    tables = []
    for layer in LAYERS:
        rows = library.vectors(layer)
        centred = torch.nn.functional.normalize(rows - rows.mean(dim=0))
        tables.append(torch.nn.functional.normalize(unit - rows.mean(dim=0)) @ centred.T)
    expected = torch.cat(tables, dim=1).sort(dim=1, descending=True).values
    found = torch.tensor(
        [[n.score for n in row] for row in every_answer(context, "latent:centred")]
    )
    assert torch.allclose(found.float(), expected, atol=1e-4)
    assert not torch.allclose(
        found.float()[:, :5],
        torch.tensor([[n.score for n in row[:5]] for row in every_answer(context, "latent")]),
        atol=1e-2,
    )


def test_a_share_of_the_corpus_is_asked_for(context: LensContext, library: Library) -> None:
    asked: list[float] = []

    def opening(fraction: float = 1.0) -> Library:
        asked.append(fraction)
        return library

    lens = make_lens("latent:fraction=0.25")
    lens.prepare(dataclasses.replace(context, library=opening))
    assert asked == [0.25]


def test_options_are_part_of_name_and_fingerprint(context: LensContext) -> None:
    names = ("latent", "latent:centred", "latent:same-layer", "latent:dedup=word")
    lenses = [make_lens(name) for name in names]
    for lens in lenses:
        lens.prepare(context)
    assert [lens.card.name for lens in lenses] == list(names)
    assert len({lens.fingerprint() for lens in lenses}) == len(names)
