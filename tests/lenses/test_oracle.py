"""An independent recomputation of the three lenses from files, by brute force in float64.

The oracle functions use numpy and file readers only. Rule for ties: higher score, then earlier
contextual layer, then lower row.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from safetensors.torch import save_file

from lenses.base import LensContext, Neighbour, Queries
from lenses.library.store import Library
from lenses.registry import make_lens
from tests.lenses.fixtures import SyntheticReadout, make_context, make_queries, make_readout

K = 5
N_STATES = 50


class Answer(NamedTuple):
    score: float
    layer: int | None
    row: int


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.sqrt((vectors**2).sum(axis=-1, keepdims=True))
    return vectors / lengths


def best(scored: list[tuple[int | None, NDArray[np.float64]]]) -> list[Answer]:
    """Return the K best of several score columns: each column's own K best, then merged."""
    pooled: list[Answer] = []
    for layer, scores in scored:
        ranked = sorted(range(len(scores)), key=lambda row: (-scores[row], row))[:K]
        pooled += [Answer(float(scores[row]), layer, row) for row in ranked]
    return sorted(pooled, key=lambda answer: -answer.score)[:K]


def oracle_logit(folder: Path) -> list[list[Answer]]:
    model = {name: array.astype(np.float64) for name, array in load_file(folder / "model").items()}
    answers = []
    for state in load_file(folder / "states")["states"].astype(np.float64):
        normed = state / np.sqrt((state**2).mean() + 1e-6) * model["gain"]
        logits = float(model["scale"][0]) * ((model["unembed"] * normed).sum(1) + model["bias"])
        answers.append(best([(None, logits)]))
    return answers


def oracle_embedding(folder: Path) -> list[list[Answer]]:
    rows = unit(load_file(folder / "model")["embed"].astype(np.float64))
    states = unit(load_file(folder / "states")["states"].astype(np.float64))
    return [best([(None, (rows * state).sum(axis=1))]) for state in states]


def oracle_latent(folder: Path, library: Path) -> list[list[Answer]]:
    layers = json.loads((library / "manifest.json").read_text())["key"]["layers"]
    tables = {
        layer: unit(
            np.concatenate(
                [
                    load_file(part)["vectors"].astype(np.float64)
                    for part in sorted((library / f"layer_{layer}").iterdir())
                ]
            )
        )
        for layer in layers
    }
    states = unit(load_file(folder / "states")["states"].astype(np.float64))
    return [
        best([(layer, (rows * state).sum(axis=1)) for layer, rows in tables.items()])
        for state in states
    ]


def oracle_words(library: Path) -> list[tuple[str, str, str]]:
    """Return (token, word, phrase) of each row, from the tables."""
    phrases = pq.read_table(library / "phrases.parquet")["text"].to_pylist()
    rows = pq.read_table(library / "rows.parquet").to_pylist()
    return [(row["token"], row["word"], phrases[row["phrase"]]) for row in rows]


@pytest.fixture(params=[(0.0, 1.0), (0.5, 0.125)], ids=["plain", "bias-and-scale"])
def readout(request: pytest.FixtureRequest, context: LensContext) -> SyntheticReadout:
    bias, scale = request.param
    return make_readout(rows=len(context.vocabulary), bias=bias, scale=scale)


@pytest.fixture
def queries(readout: SyntheticReadout) -> Queries:
    """Random states, the last ten of which lie near rows that occur twice."""
    drawn = make_queries(N_STATES, images=5, seed=17)
    drawn.states[-10:-5] = 0.1 * drawn.states[-10:-5] + readout.embed[7]
    drawn.states[-5:] = 0.1 * drawn.states[-5:] + readout.unembed[7]
    return drawn


@pytest.fixture
def folder(tmp_path: Path, queries: Queries, readout: SyntheticReadout) -> Path:
    save_file({"states": queries.states}, tmp_path / "states")
    tensors = {
        "embed": readout.embed,
        "unembed": readout.unembed,
        "gain": readout.gain,
        "bias": readout.head_bias,
        "scale": torch.tensor([readout.scale], dtype=torch.float64),
    }
    save_file(tensors, tmp_path / "model")
    return tmp_path


def found(
    name: str, queries: Queries, library: Library, readout: SyntheticReadout
) -> list[list[Neighbour]]:
    lens = make_lens(name)
    lens.prepare(make_context(library, readout=readout))
    return [list(row) for row in lens.describe(queries, K)]


def assert_agrees(answers: list[list[Answer]], rows: list[list[Neighbour]], atol: float) -> None:
    expected = np.array([[answer.score for answer in row] for row in answers])
    scores = np.array([[neighbour.score for neighbour in row] for row in rows])
    np.testing.assert_allclose(scores, expected, atol=atol, rtol=0)


@pytest.mark.parametrize("name", ["logit", "embedding"])
def test_vocabulary_lenses_agree(
    name: str, folder: Path, queries: Queries, library: Library, readout: SyntheticReadout
) -> None:
    answers = oracle_logit(folder) if name == "logit" else oracle_embedding(folder)
    rows = found(name, queries, library, readout)
    assert [[n.token_id for n in row] for row in rows] == [[a.row for a in row] for row in answers]
    assert_agrees(answers, rows, 1e-4 if name == "logit" else 1e-12)
    ties = [row for row in answers if {7, 11} <= {answer.row for answer in row}]
    assert ties, "no state is near the repeated row, so the rule for ties is not tested"


def test_latent_agrees(
    folder: Path, queries: Queries, library: Library, readout: SyntheticReadout
) -> None:
    answers = oracle_latent(folder, library.path)
    words = oracle_words(library.path)
    rows = found("latent", queries, library, readout)
    assert [[n.source_layer for n in row] for row in rows] == [
        [a.layer for a in row] for row in answers
    ]
    assert [[(n.token, n.word, n.context) for n in row] for row in rows] == [
        [words[a.row] for a in row] for row in answers
    ]
    assert_agrees(answers, rows, 1e-12)


def test_the_oracle_functions_use_nothing_of_the_lenses() -> None:
    source = Path(__file__).read_text()
    oracle = source[source.index("class Answer") : source.index("@pytest.fixture(params")]
    for name in ("Library", "make_", "Neighbour", "Queries", "torch", "top_k", "lens."):
        assert name not in oracle, name
