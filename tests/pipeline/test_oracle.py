"""An independent oracle: top-5 of the three lenses by brute force in float64 from saved files.

Nothing here imports ``lenses``. Rule for ties: higher score first; of equal scores the lower
contextual layer, then the lower row or token id. Scores within 1e-9 count as equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from tests.pipeline.runs import execute, small_options
from tests.pipeline.test_run import with_library

Floats = npt.NDArray[np.float64]
Answer = tuple[float, int | None, int]
"""Score, contextual layer, row or token id."""

K = 5


def best(answers: Iterable[Answer]) -> list[Answer]:
    """Return the first K answers by the stated rule."""
    rounded = [(round(score, 9), layer, row) for score, layer, row in answers]
    return sorted(rounded, key=lambda a: (-a[0], -1 if a[1] is None else a[1], a[2]))[:K]


def unit(vectors: Floats) -> Floats:
    """Return rows of length 1; a row of zeros, such as padding's, stays and so scores 0."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths == 0, 1.0, lengths)


def as_float64(name: str, tensors: dict[str, npt.NDArray[np.generic]]) -> Floats:
    """Return one stored tensor in float64."""
    return tensors[name].astype(np.float64)


class Oracle:
    """The three definitions of the paper, over the saved files of one run."""

    def __init__(self, run: Path) -> None:
        """Read the run's readout and the one library beside it."""
        readout = load_file(run / "readout.safetensors")
        self.embed, self.unembed = (as_float64(name, readout) for name in ("embed", "unembed"))
        self.norm = as_float64("weight", readout)
        folder = next((run.parent / "libraries").iterdir())
        manifest = json.loads((folder / "manifest.json").read_text())
        self.layers = {
            layer: unit(
                np.concatenate(
                    [
                        as_float64("vectors", load_file(part))
                        for part in sorted((folder / f"layer_{layer}").iterdir())
                    ]
                )
            )
            for layer in manifest["key"]["layers"]
        }
        self.rows = pq.read_table(folder / "rows.parquet").to_pydict()
        self.phrases = pq.read_table(folder / "phrases.parquet")["text"].to_pylist()

    def logit(self, state: Floats) -> list[Answer]:
        """RMS norm with epsilon 1e-5, then the output matrix."""
        normed = state / np.sqrt((state**2).mean() + 1e-5) * self.norm
        return best((score, None, i) for i, score in enumerate((self.unembed @ normed).tolist()))

    def embedding(self, state: Floats) -> list[Answer]:
        """Cosine with every row of the input matrix."""
        scores = unit(self.embed) @ unit(state)
        return best((score, None, i) for i, score in enumerate(scores.tolist()))

    def latent(self, state: Floats) -> list[Answer]:
        """Cosine with every library row: five per contextual layer, merged, five kept."""
        found: list[Answer] = []
        for layer, vectors in self.layers.items():
            scores = (vectors @ unit(state)).tolist()
            found += best((score, layer, row) for row, score in enumerate(scores))
        return best(found)


@pytest.fixture(scope="module")
def fifty(finished: Path, small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of 51 patches by the three lenses."""
    runs = with_library(finished, tmp_path_factory.mktemp("oracle") / "runs")
    lenses = "latent,logit,embedding"
    return execute(small_options(small_corpus, runs, patches=17, lens=lenses))


@pytest.mark.parametrize("lens", ["logit", "embedding", "latent"])
def test_lens_agrees_with_brute_force(lens: str, fifty: Path) -> None:
    """Tokens, sources, contexts and scores of 51 patches, each at one of the layers."""
    oracle = Oracle(fifty)
    manifest = json.loads((fifty / "states" / "manifest.json").read_text())
    states = {
        patch_id: row
        for name, patch_ids in manifest["files"].items()
        for patch_id, row in zip(
            patch_ids, as_float64("states", load_file(fifty / "states" / name)), strict=True
        )
    }
    described = pq.read_table(fifty / "descriptions.parquet").to_pylist()
    rows = {(r["patch_id"], r["layer"], r["rank"]): r for r in described if r["lens"] == lens}
    assert len(states) >= 50
    for number, (patch_id, by_layer) in enumerate(states.items()):
        column = number % len(manifest["layers"])
        layer = manifest["layers"][column]
        expected: list[Answer] = getattr(oracle, lens)(by_layer[column])
        for rank, (score, source, index) in enumerate(expected):
            given = rows[patch_id, layer, rank]
            assert given["score"] == pytest.approx(score, abs=2e-5), (patch_id, layer, rank)
            assert given["source_layer"] == source
            assert given["token_id"] == (oracle.rows["token_id"][index] if source else index)
            if source:
                assert given["context"] == oracle.phrases[oracle.rows["phrase"][index]]
                span = slice(given["start"], given["end"])
                assert given["word"] == given["context"][span] == oracle.rows["word"][index]
