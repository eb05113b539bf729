"""The shipped miniature: small, loadable like any other model, and as good as its card says."""

from __future__ import annotations

import gzip
import json

import pytest
import torch
from PIL import Image

from harness.core.ids import sha256_lines
from harness.mini.entry import CORPUS, MINI, MINI_FROZEN, WEIGHTS
from harness.mini.grammar import PROMPT
from harness.mini.recipe.card import CARD, EVALUATION, TRAINING
from harness.mini.recipe.corpus import PHRASES, corpus_lines, held_out_captions
from harness.mini.recipe.evaluate import Evaluation
from harness.mini.recipe.reading import READING_GATE
from harness.mini.scenes import KINDS, draw_scene, sample_scene
from harness.vlms.base import Adapter
from harness.vlms.registry import load_vlm

MEGABYTE = 1_000_000


ENTRIES = {"mini": MINI, "mini-frozen": MINI_FROZEN}


@pytest.fixture(scope="module", params=ENTRIES)
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of every bundled model."""
    return str(request.param)


@pytest.fixture(scope="module")
def mini(name: str) -> Adapter:
    """Return the loaded model."""
    return load_vlm(name)


def test_everything_shipped_is_at_most_25_megabytes() -> None:
    """Weights are safetensors and nothing else."""
    files = [path for path in WEIGHTS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 25 * MEGABYTE
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".md", ".jinja"}


def test_card_entry_and_figures_agree(name: str) -> None:
    """Card and report header are made from the measured figures, gates included."""
    stored = json.loads((WEIGHTS / name / EVALUATION).read_text())
    passed = stored.pop("passed")
    evaluation = Evaluation.model_validate(stored)
    assert evaluation.passed == passed
    card = (WEIGHTS / name / CARD).read_text()
    for figure in (evaluation.recall, evaluation.chance, evaluation.probe):
        assert f"{figure:.3f}" in card
    assert f"{evaluation.recall:.0%}" in ENTRIES[name].provenance
    assert ("NOT all gates met" in ENTRIES[name].provenance) == (not passed)


def test_captions_are_near_the_measured_recall(name: str, mini: Adapter) -> None:
    """A dozen other held-out scenes, well within sampling error of the card's figure."""
    stored = json.loads((WEIGHTS / name / EVALUATION).read_text())
    named = total = 0
    for seed in range(5000, 5012):
        scene = sample_scene(seed)
        words = mini.caption(Image.fromarray(draw_scene(scene).image), PROMPT, 60).split("\n")[0]
        said = set(words.replace(",", " ").replace(".", " ").split()) & KINDS.keys()
        named += len(said & {thing.kind for thing in scene.objects})
        total += len(scene.objects)
    assert named / total > stored["recall"] - 0.25


def test_layer_0_is_what_enters_the_first_block(mini: Adapter) -> None:
    """81 visual tokens of width 192, finite, different from layer to layer."""
    tokens = mini.encode(Image.fromarray(draw_scene(sample_scene(3)).image), range(9))
    assert tokens.geometry.grid == (9, 9)
    for layer in range(9):
        assert tokens.states[layer].shape == (81, 192)
    assert not torch.allclose(tokens.states[7], tokens.states[8])


def test_corpus_is_the_grammars_and_disjoint() -> None:
    """The shipped file is what the recipe writes: distinct phrases, no held-out caption."""
    lines = gzip.decompress(CORPUS.read_bytes()).decode().splitlines()
    assert len(lines) == len(set(lines)) == PHRASES >= 20_000
    assert not held_out_captions() & set(lines)
    assert sha256_lines(lines) == sha256_lines(corpus_lines())


def test_the_frozen_recipe_had_a_language_model_that_reads() -> None:
    """It is shipped only because its language model passed the gate."""
    training = json.loads((WEIGHTS / "mini-frozen" / TRAINING).read_text())
    assert training["reading"]["notes"] >= READING_GATE
    assert [stage["stage"] for stage in training["stages"]][-2:] == ["reader", "frozen"]
