"""Training documents as token ids with a weight per predicted token."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerFast

from harness.core.rng import keyed_rng
from harness.mini.grammar import Turn, dialogue, notes
from harness.mini.phrases import phrase
from harness.mini.recipe.architecture import (
    GRID,
    IMAGE_SIZE,
    IMAGE_TOKEN,
    VISUAL_TOKENS,
    token_id,
)
from harness.mini.recipe.tokenizer import BOS, EOS, PAD
from harness.mini.recipe.views import TRAINING_SEED, patch_labels, patch_owners
from harness.mini.scenes import (
    BACKGROUNDS,
    COLOURS,
    KINDS,
    MATERIALS,
    REGIONS,
    Drawing,
    Scene,
    draw_scene,
    sample_scene,
)

LENGTH: Final = 176
"""Tokens per document: start, 81 image places, then text; longer texts are cut."""
_QUESTION: Final = 0.1
_ANSWER: Final = 1.0
_CONTENT: Final = 2.0
CONTENT_WORDS: Final = (
    frozenset(KINDS) | frozenset(COLOURS) | frozenset(MATERIALS) | frozenset(BACKGROUNDS)
)


class Document(NamedTuple):
    """Ids [176], and the loss weight [176] of predicting each of them."""

    ids: Tensor
    weights: Tensor


class Writer:
    """Turns texts into documents with one tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        """Look up the ids that matter."""
        self.tokenizer = tokenizer
        self.bos, self.eos, self.pad = (token_id(tokenizer, token) for token in (BOS, EOS, PAD))
        self.image = token_id(tokenizer, IMAGE_TOKEN)
        self.content = {i for word in CONTENT_WORDS for i in self.encode(" " + word)}

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text without a start token."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def first_id(self, word: str) -> int:
        """Return the first id of a word inside a sentence."""
        return self.encode(" " + word)[0]

    def pack(self, head: list[int], turns: list[Turn]) -> Document:
        """Return start, ``head`` (unweighted), the turns and the end, padded to 176 tokens."""
        ids, weights = [self.bos, *head], [0.0] * (1 + len(head))
        for question, answer in turns:
            asked, told = self.encode("\n" + question), self.encode(" " + answer)
            ids += asked + told
            weights += [_QUESTION] * len(asked)
            weights += [_CONTENT if i in self.content else _ANSWER for i in told]
        return self._finish([*ids, self.eos], [*weights, _ANSWER])

    def prose(self, texts: list[str]) -> Document:
        """Return texts one per line, every token weighted alike."""
        ids = [self.bos]
        for text in texts:
            ids += self.encode(text if len(ids) == 1 else "\n" + text)
        return self._finish(ids, [0.0] + [_ANSWER] * (len(ids) - 1))

    def _finish(self, ids: list[int], weights: list[float]) -> Document:
        ids, weights = ids[:LENGTH], weights[:LENGTH]
        spare = LENGTH - len(ids)
        return Document(
            torch.tensor(ids + [self.pad] * spare), torch.tensor(weights + [0.0] * spare)
        )


def word_grid(
    writer: Writer, scene: Scene, drawing: Drawing, lot: np.random.Generator
) -> list[int]:
    """Return 81 ids: for every patch one word that is true of it, laid out like the picture."""
    owners = patch_owners(drawing, len(scene.objects))
    middle = slice(IMAGE_SIZE // GRID // 2, None, IMAGE_SIZE // GRID)
    regions = drawing.region_map[middle, middle].reshape(-1)
    draws = lot.random(VISUAL_TOKENS)
    words = []
    for owner, region, draw in zip(owners.tolist(), regions.tolist(), draws.tolist(), strict=True):
        if owner < 0:
            names = (scene.background, scene.light, REGIONS[region], REGIONS[region])
        else:
            thing = scene.objects[owner]
            names = (thing.colour, thing.material, thing.kind, thing.kind)
        words.append(names[int(draw * 4)])
    return [writer.first_id(word) for word in words]


class TextDocuments(Dataset[Document]):
    """Text-only documents: 1/2 word grids, 1/4 notes, 1/4 phrases; item i is always the same."""

    def __init__(self, writer: Writer, first: int) -> None:
        """Start at scene seed ``first``."""
        self.writer, self.first = writer, first

    def __getitem__(self, index: int) -> Document:
        """Return document ``index``."""
        lot = keyed_rng("mini", "text", self.first + index)
        form = index % 4
        if form == 3:
            return self.writer.prose([phrase(lot) for _ in range(20)])
        scene = sample_scene(self.first + index)
        turns = dialogue(scene, lot, questions=5 if form == 2 else 4)
        if form == 2:
            return self.writer.pack(self.writer.encode(notes(scene, lot)), turns)
        return self.writer.pack(word_grid(self.writer, scene, draw_scene(scene), lot), turns)


class PictureDocuments(Dataset[tuple[Tensor, Tensor, Tensor, Tensor]]):
    """Pictures with their dense labels and a dialogue about them."""

    def __init__(self, writer: Writer, first: int) -> None:
        """Start at scene seed ``first``."""
        self.writer, self.first = writer, first

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return pixels uint8 [3, 144, 144], labels [81, 4], ids [176], weights [176]."""
        scene = sample_scene(self.first + index)
        drawing = draw_scene(scene, IMAGE_SIZE)
        pixels = torch.from_numpy(drawing.image).permute(2, 0, 1).contiguous()
        labels = torch.from_numpy(patch_labels(scene, drawing))
        lot = keyed_rng("mini", "picture", self.first + index)
        document = self.writer.pack([self.writer.image] * VISUAL_TOKENS, dialogue(scene, lot))
        return pixels, labels, document.ids, document.weights


TEXT_SEED: Final = TRAINING_SEED + 100_000_000
"""Scenes of text-only documents."""
