"""Molmo once more, in float64 and one position, head and cell after the other.

Written from the published weights' names and meaning, to compare the real implementation with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Reference:
    """The model as plain functions of its published weights."""

    weights: Mapping[str, Array]
    """Published name to float64 array."""
    heads: int
    """Query heads of the language model."""
    shared: int
    """Key and value heads of the language model."""
    depth: int
    """Blocks of the language model."""
    theta: float
    """Base of the rotary positions."""
    eps: float
    """Constant of the root-mean-square norms."""

    def features(self, images: Array, masks: Array) -> Array:
        """Return [crops, tokens, d] of [crops, patches, pixels] and [crops, patches]."""
        return np.stack([self._crop(*pair) for pair in zip(images, masks, strict=True)])

    def states(self, ids: Array, features: Array, places: Array) -> list[Array]:
        """Return the residual stream [length, d] before each block and after the last."""
        table = np.concatenate([self._text("wte.embedding"), self._text("wte.new_embedding")])
        stream = np.array([table[token] for token in ids])
        for vectors, targets in zip(features, places, strict=True):
            for vector, target in zip(vectors, targets, strict=True):
                if target >= 0:
                    stream[target] += vector
        states = [stream]
        for number in range(self.depth):
            stream = self._block(f"blocks.{number}.", stream)
            states.append(stream)
        return states

    def logits(self, last: Array) -> Array:
        """Return [length, vocabulary] of the last states."""
        logits: Array = self._rms("ln_f.weight", last) @ self._text("ff_out.weight").T
        return logits

    def _text(self, name: str) -> Array:
        return self.weights["model.transformer." + name]

    def _rms(self, name: str, rows: Array) -> Array:
        size = np.sqrt((rows**2).mean(axis=-1, keepdims=True) + self.eps)
        normed: Array = rows / size * self._text(name)
        return normed

    def _block(self, block: str, stream: Array) -> Array:
        normed = self._rms(block + "attn_norm.weight", stream)
        fused = normed @ self._text(block + "att_proj.weight").T
        fused = fused + self._text(block + "att_proj.bias")
        width = stream.shape[1] // self.heads
        query, keys = stream.shape[1], self.shared * width
        merged = np.zeros_like(stream)
        for head in range(self.heads):
            group = head * self.shared // self.heads
            q = self._rotate(fused[:, head * width : (head + 1) * width])
            k = self._rotate(fused[:, query + group * width : query + (group + 1) * width])
            v = fused[:, query + keys + group * width : query + keys + (group + 1) * width]
            for place in range(len(stream)):
                share = _softmax(k[: place + 1] @ q[place] / width**0.5)
                merged[place, head * width : (head + 1) * width] = share @ v[: place + 1]
        stream = stream + merged @ self._text(block + "attn_out.weight").T
        wide = self._rms(block + "ff_norm.weight", stream) @ self._text(block + "ff_proj.weight").T
        half = wide.shape[1] // 2
        linear, gate = wide[:, :half], wide[:, half:]
        return stream + (gate * _sigmoid(gate) * linear) @ self._text(block + "ff_out.weight").T

    def _rotate(self, rows: Array) -> Array:
        """Turn each pair (i, i + half) by an angle that falls with i and grows with the place."""
        half = rows.shape[1] // 2
        turned = np.empty_like(rows)
        for place, row in enumerate(rows):
            for i in range(half):
                angle = place * self.theta ** (-i / half)
                first, second = row[i], row[i + half]
                turned[place, i] = first * np.cos(angle) - second * np.sin(angle)
                turned[place, i + half] = second * np.cos(angle) + first * np.sin(angle)
        return turned

    def _vision(self, name: str) -> Array:
        return self.weights["model.vision_backbone." + name]

    def _linear(self, name: str, rows: Array) -> Array:
        mapped: Array = rows @ self._vision(name + ".weight").T + self._vision(name + ".bias")
        return mapped

    def _layer_norm(self, name: str, rows: Array) -> Array:
        centred = rows - rows.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        normed: Array = scaled * self._vision(name + ".weight") + self._vision(name + ".bias")
        return normed

    def _attention(self, name: str, queries: Array, rows: Array) -> Array:
        q, k, v = (
            self._linear(f"{name}.{part}", given)
            for part, given in (("wq", queries), ("wk", rows), ("wv", rows))
        )
        merged = np.zeros_like(q)
        for start in range(0, q.shape[1], 64):
            head = slice(start, start + 64)
            for place in range(len(q)):
                merged[place, head] = _softmax(k[:, head] @ q[place, head] / 8) @ v[:, head]
        return self._linear(name + ".wo", merged)

    def _encoder(self, patches: Array) -> list[Array]:
        """Return the patches' states after each block of the image encoder."""
        vit = "image_vit."
        embedded = patches @ self._vision(vit + "patch_embedding.weight").T
        rows = np.concatenate([self._vision(vit + "class_embedding")[None], embedded])
        rows = self._layer_norm(vit + "pre_ln", rows + self._vision(vit + "positional_embedding"))
        found: list[Array] = []
        while f"model.vision_backbone.{(block := self._name(len(found)))}wq.weight" in self.weights:
            normed = self._layer_norm(block.replace("attention.", "attention_norm"), rows)
            rows = rows + self._attention(block.removesuffix("."), normed, normed)
            outer = block.removesuffix("attention.")
            inner = self._linear(
                outer + "feed_forward.w1", self._layer_norm(outer + "ffn_norm", rows)
            )
            rows = rows + self._linear(outer + "feed_forward.w2", inner * _sigmoid(1.702 * inner))
            found.append(rows[1:])
        return found

    @staticmethod
    def _name(number: int) -> str:
        return f"image_vit.transformer.resblocks.{number}.attention."

    def _crop(self, patches: Array, mask: Array) -> Array:
        outputs = self._encoder(patches)
        rows = np.concatenate([outputs[-2], outputs[-9]], axis=1)
        padded, partly = self._vision("pad_embed")
        for place, share in enumerate(mask):
            rows[place] += padded if share == 0 else partly if share < 1 else 0
        side = round(len(rows) ** 0.5)
        grid = rows.reshape(side, side, -1)
        tokens = []
        for top in range(0, side, 2):
            for left in range(0, side, 2):
                four = grid[top : top + 2, left : left + 2].reshape(4, -1)
                pooled = self._attention("image_pooling_2d", four.mean(axis=0)[None], four)[0]
                gate = self._vision("image_projector.w1.weight") @ pooled
                linear = self._vision("image_projector.w3.weight") @ pooled
                tokens.append(
                    self._vision("image_projector.w2.weight") @ (gate * _sigmoid(gate) * linear)
                )
        return np.array(tokens)


def _softmax(scores: Array) -> Array:
    shares = np.exp(scores - scores.max())
    share: Array = shares / shares.sum()
    return share


def _sigmoid(values: Array) -> Array:
    return 1 / (1 + np.exp(-values))
