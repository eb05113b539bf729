"""A model without transformers: it knows the adapter protocol and nothing else.

It sees a stretched view whose rows end in a separator behind a class token, and then the centre of
the image in two tiles; patches see each other in its encoder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image

from harness.core.errors import UsageError
from harness.vlms.base import VisualTokens, VlmFacts
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from harness.vlms.readout import VocabularyReadout

CELL = 6
GRID = (4, 6)
TILES, TILE = (4, 8), (4, 4)
GLOBAL_TOKENS = 1 + GRID[0] * (GRID[1] + 1)
DEPTH, WIDTH, WORDS = 4, 12, 50
EPS = 1e-6


class ToyTokenizer:
    """One id per letter."""

    def encode(self, text: str) -> list[int]:
        return [ord(letter) % WORDS for letter in text]


class ToyVlm:
    """Four blocks of causal attention over random weights."""

    attention: Literal["causal", "bidirectional"] = "causal"
    """Whether image tokens see later ones."""
    declared: Literal["causal", "bidirectional"] | None = None
    """What the facts say of it; the truth if None."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(5)

        def draw(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=generator) / math.sqrt(shape[-1])

        self.patch, self.marks = draw(WIDTH, 3 * CELL * CELL), draw(2, WIDTH) * 3
        self.embed, self.unembed = draw(WORDS, WIDTH) * 3, draw(WORDS, WIDTH)
        self.blocks = [[draw(WIDTH, WIDTH) * 2 for _ in range(4)] for _ in range(DEPTH)]
        self.gain = 1 + torch.rand(WIDTH, generator=generator)
        self.alone = False
        self.tokenizer: Any = ToyTokenizer()
        self.facts = VlmFacts(
            name="toy",
            family="toy",
            layers=DEPTH,
            hidden=WIDTH,
            vocabulary=WORDS,
            injection_layers=(),
            image_attention=self.declared or self.attention,
            feature_entry="replace",
            dtype="float32",
            processor="none",
            device="cpu",
            revision="",
            prefix="",
            question="",
            view="global",
            weights_hash="0" * 64,
            provenance="Random numbers.",
        )

    def layout(self, width: int, height: int) -> TokenLayout:
        size, cells = (width, height), (GRID[1] * CELL, GRID[0] * CELL)
        whole = Geometry.squash(size, cells, GRID)
        whole = whole.model_copy(update={"first_token": 1, "row_stride": GRID[1] + 1})
        centre = Geometry.centre_crop(size, (TILES[1] * CELL, TILES[0] * CELL), TILES)
        centre = centre.model_copy(update={"first_token": GLOBAL_TOKENS, "tile": TILE})
        return TokenLayout(
            total=GLOBAL_TOKENS + centre.tokens, views={"global": whole, "tiles": centre}
        )

    def geometry(self, width: int, height: int) -> Geometry:
        return self.layout(width, height).view("global")

    def encode(self, image: Image.Image, layers: Sequence[int]) -> VisualTokens:
        for layer in layers:
            if not 0 <= layer <= DEPTH:
                raise UsageError(f"layer {layer} does not exist: expected 0..{DEPTH}")
        tokens = self.visual(image)
        states = self.run(torch.cat([tokens, self.embed[:3]])[None], len(tokens))
        return VisualTokens(
            states={layer: states[layer][0, : len(tokens)] for layer in layers},
            geometry=self.geometry(*image.size),
        )

    def own_logits(self, image: Image.Image) -> tuple[torch.Tensor, torch.Tensor]:
        tokens = self.visual(image)
        last = self.run(torch.cat([tokens, self.embed[:3]])[None], len(tokens))[DEPTH][0]
        normed = last * torch.rsqrt(last.pow(2).mean(-1, keepdim=True) + EPS) * self.gain
        return last, normed @ self.unembed.T

    @contextmanager
    def isolated(self) -> Iterator[None]:
        self.alone = True
        try:
            yield
        finally:
            self.alone = False

    def text_states(
        self,
        ids: torch.Tensor,
        layers: Sequence[int],
        *,
        positions: torch.Tensor | None = None,
        attends: torch.Tensor | None = None,
        keep: torch.Tensor | None = None,
    ) -> dict[int, torch.Tensor]:
        for layer in layers:
            if not 0 <= layer <= DEPTH:
                raise UsageError(f"layer {layer} does not exist: expected 0..{DEPTH}")
        places = torch.arange(ids.shape[1]) if positions is None else positions
        states = self.run(self.embed[ids] + torch.sin(places)[..., None], 0, attends)
        return {layer: states[layer] if keep is None else states[layer][keep] for layer in layers}

    def readout(self) -> VocabularyReadout:
        return VocabularyReadout("rms", EPS, self.gain, None, self.embed, self.unembed)

    def vocabulary(self) -> tuple[str, ...]:
        return tuple(chr(97 + word) for word in range(WORDS))

    def caption(self, image: Image.Image, prompt: str, max_new_tokens: int) -> str:
        return "noise"[:max_new_tokens]

    def visual(self, image: Image.Image) -> torch.Tensor:
        """Return what enters the first block, [total, d]."""
        rows = self.patches(image.resize((GRID[1] * CELL, GRID[0] * CELL))).view(*GRID, WIDTH)
        ends = self.marks[1].expand(GRID[0], 1, WIDTH)
        tiles = self.patches(centre(image)).view(1, TILES[0], 2, TILE[1], WIDTH).transpose(1, 2)
        parts = [self.marks[:1], torch.cat([rows, ends], dim=1).flatten(0, 1)]
        return torch.cat([*parts, tiles.reshape(-1, WIDTH)])

    def patches(self, image: Image.Image) -> torch.Tensor:
        """Return the features of all cells row by row, [cells, d]."""
        pixels = torch.from_numpy(np.asarray(image) / np.float32(128) - 1)
        cells = pixels.unfold(0, CELL, CELL).unfold(1, CELL, CELL).flatten(0, 1).flatten(1)
        features = cells @ self.patch.T
        return features if self.alone else features + 0.3 * features.mean(0)

    def run(
        self, states: torch.Tensor, images: int, attends: torch.Tensor | None = None
    ) -> list[torch.Tensor]:
        """Return the states [batch, length, d] of all layers; the first ``images`` are visual."""
        length = states.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool).tril()
        if self.attention == "bidirectional":
            mask[:images, :images] = True
        mask = mask if attends is None else attends
        found = [states]
        for query, key, value, wide in self.blocks:
            unit = torch.nn.functional.normalize(states, dim=-1)
            scores = (unit @ query) @ (unit @ key).transpose(1, 2)
            weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
            states = states + weights @ (unit @ value)
            states = states + torch.tanh(states @ wide)
            found.append(states)
        return found


def centre(image: Image.Image) -> Image.Image:
    """Return the middle of an image whose shortest edge has the length of the longest of a tile."""
    wide, high = TILES[1] * CELL, TILES[0] * CELL
    short = max(wide, high)
    if image.width <= image.height:
        resized = image.resize((short, short * image.height // image.width))
    else:
        resized = image.resize((short * image.width // image.height, short))
    left, top = (resized.width - wide) // 2, (resized.height - high) // 2
    return resized.crop((left, top, left + wide, top + high))
