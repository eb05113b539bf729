"""The published package builds the same rows, vectors and neighbours from the same sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from latentlens import ContextualIndex, build_index

from benchmarks.phrases import published_sentences, save_llama, train_tokenizer
from harness.vlms.text import CausalTextModel
from lenses.library.build import build_library
from lenses.library.corpora.phrases import Phrases
from lenses.library.corpus import collect
from lenses.library.key import make_key
from lenses.library.search import search
from lenses.library.store import Library

SENTENCES = 2000
LAYERS = (1, 2)
CAP = 50
Row = tuple[int, str, int]


@dataclass
class Twins:
    """The same library by both, and the number of each of our rows in theirs."""

    ours: Library
    theirs: ContextualIndex
    number: list[int]

    def published(self, layer: int) -> torch.Tensor:
        """Return their vectors of a layer in the order of our rows."""
        vectors: torch.Tensor = self.theirs._layers_data[layer]["embeddings"]
        return vectors[self.number]


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """Build both from every 58th line of the published sentence file, in its order."""
    path = tmp_path_factory.mktemp("parity")
    sentences = list(dict.fromkeys(published_sentences()))[::58][:SENTENCES]
    assert len(sentences) == SENTENCES
    tokenizer = train_tokenizer(sentences, pieces=4000)
    model = CausalTextModel(save_llama(path / "model", tokenizer, hidden=32, layers=3))
    theirs = build_index(
        "tiny", sentences, layers=list(LAYERS), max_contexts_per_token=CAP,
        show_progress=False, model=model.model, tokenizer=model.tokenizer,
    )  # fmt: skip
    corpus = collect(Phrases("sentences", iter(sentences)))
    key = make_key(
        corpus, model.tokenizer, LAYERS, model_hash=model.facts.weights_hash,
        policy="first", cap=CAP, dtype="float32", part_rows=2000,
    )  # fmt: skip
    ours = build_library(path / "library", corpus, model.tokenizer, model.text_states, key)
    assert ours is not None
    metadata: list[dict[str, Any]] = theirs._layers_data[LAYERS[0]]["metadata"]
    numbers: dict[Row, int] = {
        (row["token_id"], row["caption"], row["position"]): number
        for number, row in enumerate(metadata)
    }
    return Twins(ours, theirs, [numbers.get(_row(ours, index), -1) for index in range(len(ours))])


def _row(library: Library, index: int) -> Row:
    row = library.row(index)
    return row.token_id, row.context, row.position


def test_the_rows_are_the_same(twins: Twins) -> None:
    """Token, phrase and position of each, none missing on either side."""
    assert sorted(twins.number) == list(range(len(twins.ours)))
    assert len(twins.theirs) == len(LAYERS) * len(twins.ours)
    assert len(twins.ours) > 1000


def test_the_vectors_are_the_same(twins: Twins) -> None:
    """In float32, though ours come from trees of phrases and theirs from padded batches."""
    for layer in LAYERS:
        difference = (twins.ours.vectors(layer) - twins.published(layer)).abs()
        assert float(difference.max()) <= 1e-5


def test_the_nearest_five_are_the_same_up_to_ties(twins: Twins) -> None:
    """Of rows as near as the fifth, either library may name another."""
    generator = torch.Generator().manual_seed(1)
    drawn = torch.randint(len(twins.ours), (40,), generator=generator)
    states = twins.ours.vectors(LAYERS[-1])[drawn]
    queries = 5 * (states + 0.1 * torch.randn(states.shape, generator=generator))
    found = search(twins.ours, queries, 5)
    for query, expected in enumerate(twins.theirs.search(queries, top_k=5)):
        scores = torch.tensor([near.similarity for near in expected])
        torch.testing.assert_close(found.scores[query].float(), scores, rtol=0, atol=1e-5)
        ours = {
            (LAYERS[int(group)], *_row(twins.ours, int(index)))
            for group, index in zip(found.groups[query], found.indices[query], strict=True)
        }
        for near in expected:
            if near.similarity > expected[-1].similarity + 2e-5:
                row = (near.contextual_layer, near.token_id, near.caption, near.position)
                assert row in ours
