"""The quality gates of the miniature: captions, and a linear probe on its visual tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harness.core.progress import progress
from harness.core.records import Record
from harness.mini.grammar import PROMPT
from harness.mini.recipe.views import KIND_NAMES, patch_owners
from harness.mini.scenes import KINDS, Scene, draw_scene, sample_scene
from harness.vlms.base import Adapter

TEST_SEEDS: Final = range(1000, 1200)
"""Scenes of the gates; neither training nor the default board uses them."""
PROBE_SEEDS: Final = range(2000, 2700)
"""Scenes the probe is fitted on; the last sevenths choose the layer."""
_CHOICE: Final = 100
_CAPTION_TOKENS: Final = 60
RECALL_GATE: Final = 0.60
CHANCE_GATE: Final = 0.15
PROBE_GATE: Final = 0.80


class Evaluation(Record):
    """Figures of a miniature on scenes it was not trained on."""

    scenes: int
    """Held-out scenes captioned."""
    recall: float
    """Share of the objects in these scenes whose kind the greedy caption names."""
    chance: float
    """The same share with every caption held against every other scene."""
    precision: float
    """Share of the kinds named in captions that are in the scene."""
    setting: float
    """Share of captions that name the background."""
    colour: float
    """Share of the named objects that are given their colour."""
    probe_layer: int
    """Layer chosen for the probe, on scenes apart from those of the score."""
    probe: float
    """Share of object patches whose kind the linear probe names, at that layer."""
    probe_majority: float
    """The same share for always answering the most frequent kind."""
    probe_by_layer: tuple[float, ...]
    """The score of the probe at layers 0 to N."""
    examples: tuple[tuple[str, str], ...]
    """First captions, each with the objects that are there."""

    @property
    def passed(self) -> bool:
        """Whether all gates are met."""
        return (
            self.recall >= RECALL_GATE and self.chance <= CHANCE_GATE and self.probe >= PROBE_GATE
        )


def evaluate(adapter: Adapter) -> Evaluation:
    """Caption 200 held-out scenes and probe the visual tokens of every layer."""
    scenes = [sample_scene(seed) for seed in TEST_SEEDS]
    captions = [
        adapter.caption(Image.fromarray(draw_scene(scene).image), PROMPT, _CAPTION_TOKENS)
        for scene in progress(scenes, description="captions")
    ]
    named = [_kinds_in(caption) for caption in captions]
    present = [frozenset(thing.kind for thing in scene.objects) for scene in scenes]
    hits = np.array([[len(said & there) for there in present] for said in named], float)
    total = float(sum(len(there) for there in present))
    others = ~np.eye(len(scenes), dtype=bool)
    layer, scores, majority = _probe(adapter)
    return Evaluation(
        scenes=len(scenes),
        recall=float(np.trace(hits)) / total,
        chance=float(hits[others].sum()) / (total * (len(scenes) - 1)),
        precision=float(np.trace(hits)) / max(1, sum(len(said) for said in named)),
        setting=float(np.mean([s.background in c for s, c in zip(scenes, captions, strict=True)])),
        colour=_colour_share(scenes, captions),
        probe_layer=layer,
        probe=scores[layer],
        probe_majority=majority,
        probe_by_layer=tuple(scores),
        examples=tuple(
            (caption.split("\n")[0], ", ".join(sorted(there)))
            for caption, there in zip(captions[:5], present[:5], strict=True)
        ),
    )


def _kinds_in(caption: str) -> frozenset[str]:
    words = re.findall(r"[a-z]+", caption.split("\n", maxsplit=1)[0])
    return frozenset(words) & KINDS.keys()


def _colour_share(scenes: Sequence[Scene], captions: Sequence[str]) -> float:
    """Return how often the named objects follow their own colour within two words."""
    right = total = 0
    for scene, caption in zip(scenes, captions, strict=True):
        words = re.findall(r"[a-z]+", caption.split("\n")[0])
        for thing in scene.objects:
            if thing.kind in words:
                total += 1
                at = words.index(thing.kind)
                right += thing.colour in words[max(0, at - 2) : at]
    return right / max(1, total)


def _probe(adapter: Adapter) -> tuple[int, list[float], float]:
    """Return the chosen layer, the test score of every layer, and the majority rate."""
    layers = range(adapter.facts.layers + 1)
    train, train_kinds = _object_tokens(adapter, PROBE_SEEDS[:-_CHOICE], layers)
    choice, choice_kinds = _object_tokens(adapter, PROBE_SEEDS[-_CHOICE:], layers)
    test, test_kinds = _object_tokens(adapter, TEST_SEEDS, layers)
    chosen, scores = [], []
    for layer in progress(layers, description="probes"):
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
        probe.fit(train[layer], train_kinds)
        chosen.append(probe.score(choice[layer], choice_kinds))
        scores.append(float(probe.score(test[layer], test_kinds)))
    majority = np.bincount(test_kinds, minlength=len(KIND_NAMES)).max() / len(test_kinds)
    return int(np.argmax(chosen)), scores, float(majority)


def _object_tokens(
    adapter: Adapter, seeds: range, layers: range
) -> tuple[list[npt.NDArray[np.float32]], npt.NDArray[np.int64]]:
    """Return per layer the states [n, d] of patches owned by an object, and their kinds [n]."""
    states: list[list[npt.NDArray[np.float32]]] = [[] for _ in layers]
    kinds: list[int] = []
    for seed in progress(seeds, description="visual tokens"):
        scene = sample_scene(seed)
        drawing = draw_scene(scene)
        tokens = adapter.encode(Image.fromarray(drawing.image), layers)
        owners = patch_owners(drawing, len(scene.objects))
        kinds += [KIND_NAMES.index(scene.objects[owner].kind) for owner in owners[owners >= 0]]
        for layer in layers:
            states[layer].append(tokens.states[layer].numpy()[owners >= 0])
    return [np.concatenate(parts) for parts in states], np.array(kinds)
