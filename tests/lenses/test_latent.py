from __future__ import annotations

import dataclasses

import pytest

from harness.core.errors import MismatchError
from lenses.base import LensContext
from lenses.latent import LatentLens
from lenses.library.store import Library
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

    def opening() -> Library:
        opened.append(library)
        return library

    lens = LatentLens()
    lens.prepare(dataclasses.replace(context, library=opening))
    lens.describe(make_queries(), 1)
    assert len(opened) == 1
