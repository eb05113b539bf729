from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from lenses.base import LensContext
from lenses.controls import RandomReference, RandomVector, ShuffledPatch, donor_rows
from lenses.latent import LatentLens
from lenses.library.store import Library
from lenses.logit import LogitLens
from tests.lenses.fixtures import LAYERS, make_queries, select


@pytest.mark.parametrize("control", [RandomReference, RandomVector])
def test_random_answers_do_not_depend_on_the_state(
    control: type[LatentLens], context: LensContext
) -> None:
    lens = control()
    lens.prepare(context)
    queries, others = make_queries(seed=1), make_queries(seed=2)
    words = [
        [sorted((n.word, n.start, n.context) for n in row) for row in lens.describe(given, 5)]
        for given in (queries, others)
    ]
    assert words[0] == words[1]


@pytest.mark.parametrize("control", [RandomReference, RandomVector])
def test_random_answers_depend_on_seed_patch_and_layer(
    control: type[LatentLens], context: LensContext
) -> None:
    def answers(seed: int, layer: int) -> list[list[tuple[str, int | None]]]:
        lens = control()
        lens.prepare(dataclasses.replace(context, seed=seed))
        found = lens.describe(make_queries(30, layer=layer), 5)
        return [sorted((n.context, n.start) for n in row) for row in found]

    base = answers(1, 0)
    assert base == answers(1, 0)
    assert base != answers(2, 0)
    assert base != answers(1, 1)
    assert len({str(row) for row in base}) > 20


def test_random_reference_scores_are_honest_cosines_of_distinct_rows(
    context: LensContext, library: Library
) -> None:
    lens = RandomReference()
    lens.prepare(context)
    queries = make_queries(20)
    rows = {library.row(i): i for i in range(len(library))}
    for state, answers in zip(queries.states, lens.describe(queries, 6), strict=True):
        drawn = set()
        for n in answers:
            index = next(
                i for row, i in rows.items() if (row.context, row.start, row.token_id)
                == (n.context, n.start, n.token_id)
                and is_cosine(library, n.source_layer, i, state, n.score)
            )  # fmt: skip
            drawn.add((n.source_layer, index))
        assert len(drawn) == 6


def is_cosine(
    library: Library, layer: int | None, index: int, state: torch.Tensor, score: float
) -> bool:
    assert layer is not None
    vector = library.vectors(layer, unit=False)[index]
    return abs(float(torch.cosine_similarity(vector, state, dim=0)) - score) < 1e-5


def test_random_reference_draws_rows_and_layers_uniformly(
    context: LensContext, library: Library
) -> None:
    lens = RandomReference()
    lens.prepare(context)
    found = [n for row in lens.describe(make_queries(2000), 5) for n in row]
    layers = Counter(n.source_layer for n in found)
    assert set(layers) == set(LAYERS)
    assert all(abs(count - 10_000 / 3) < 250 for count in layers.values())
    phrase_rows = Counter(library.row(i).context for i in range(len(library)))
    shares = Counter(n.context for n in found)
    for phrase, count in phrase_rows.items():
        assert abs(shares[phrase] / 10_000 - count / len(library)) < 0.03


def test_more_draws_than_rows_gives_every_row_once(context: LensContext, library: Library) -> None:
    lens = RandomReference()
    lens.prepare(context)
    (row,) = lens.describe(make_queries(1), 10_000)
    assert len(row) == len(library) * len(LAYERS)


def test_random_vectors_are_gaussian_and_not_one_direction(context: LensContext) -> None:
    lens = RandomVector()
    lens.prepare(context)
    rows = lens.describe(make_queries(200), 1)
    assert len({(n.context, n.start, n.source_layer) for row in rows for n in row}) > 40


def test_shuffled_patch_gives_the_base_answers_of_other_images(context: LensContext) -> None:
    base, lens = LogitLens(), ShuffledPatch(LogitLens())
    base.prepare(context)
    lens.prepare(context)
    queries = make_queries(12, images=3)
    own = base.describe(queries, 4)
    images = {str(answer): queries.image_ids[row] for row, answer in enumerate(own)}
    shuffled = lens.describe(queries, 4)
    for row, answer in enumerate(shuffled):
        assert images[str(answer)] != queries.image_ids[row]
    # Equally many patches per image: every answer is used once.
    assert sorted(map(str, shuffled)) == sorted(map(str, own))


def test_shuffled_patch_does_not_depend_on_row_order(context: LensContext) -> None:
    lens = ShuffledPatch(LatentLens())
    lens.prepare(context)
    queries = make_queries(12, images=3)
    order = [7, 0, 11, 3, 1, 9, 10, 2, 5, 4, 8, 6]
    straight, mixed = lens.describe(queries, 3), lens.describe(select(queries, order), 3)
    assert [mixed[order.index(row)] for row in range(12)] == straight


def test_shuffled_patch_needs_two_images(context: LensContext) -> None:
    lens = ShuffledPatch(LatentLens())
    lens.prepare(context)
    with pytest.raises(UsageError, match="at least 2 images"):
        lens.describe(make_queries(4, images=1), 3)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.integers(0, 1000))
def test_donors_are_of_one_other_image_and_evenly_used(images: list[int], seed: int) -> None:
    patch_ids = [f"p{row}" for row in range(len(images))]
    image_ids = [f"i{image}" for image in images]
    if len(set(images)) == 1:
        with pytest.raises(UsageError):
            donor_rows(patch_ids, image_ids, seed)
        return
    donors = donor_rows(patch_ids, image_ids, seed)
    sources = {image: set() for image in image_ids}  # type: dict[str, set[str]]
    for row, donor in enumerate(donors):
        sources[image_ids[row]].add(image_ids[donor])
    assert all(len(source) == 1 and image not in source for image, source in sources.items())
    assert len({next(iter(source)) for source in sources.values()}) == len(sources)
    for image in sources:
        uses = Counter(donors[row] for row in range(len(donors)) if image_ids[row] == image)
        assert max(uses.values()) - min(uses.values()) <= 1


def test_another_seed_pairs_other_images() -> None:
    queries = make_queries(40, images=20)
    pairings = {tuple(donor_rows(queries.patch_ids, queries.image_ids, s)) for s in range(5)}
    assert len(pairings) == 5


def test_fingerprints_follow_the_seed(context: LensContext) -> None:
    for make in (RandomReference, RandomVector, lambda: ShuffledPatch(LatentLens())):
        prints = set()
        for seed in (1, 2):
            lens = make()
            lens.prepare(dataclasses.replace(context, seed=seed))
            prints.add(lens.fingerprint())
        assert len(prints) == 2
