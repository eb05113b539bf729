"""Drawn rows of the reference library: read in pieces, and what text tokens look like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from harness.core.errors import DataError, MismatchError
from harness.core.measures import LayerSpread
from harness.core.rng import keyed_rng
from harness.pipeline.measuring.spreads import layer_spread
from lenses.library.store import Library

_TEXT_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Block:
    """Some drawn rows of one contextual layer."""

    group: int
    """Position of the layer among the library's layers."""
    start: int
    """Place of the first row among the drawn ones."""
    units: torch.Tensor
    """[rows, d] float32 of unit length; a zero row stays zero."""


@dataclass(frozen=True, slots=True)
class DrawnRows:
    """Rows of a library, the same ones at every contextual layer."""

    library: Library
    """Where they are from."""
    numbers: torch.Tensor
    """[rows] int64, ascending."""

    def __len__(self) -> int:
        """Return the number of rows per layer."""
        return len(self.numbers)

    @property
    def layers(self) -> tuple[int, ...]:
        """Contextual layers of the library."""
        return self.library.layers

    def blocks(self, size: int) -> Iterator[Block]:
        """Yield all rows of all layers, at most ``size`` at a time.

        Raises:
            DataError: A part of the library cannot be read.
        """
        for group, layer in enumerate(self.layers):
            for start in range(0, len(self), size):
                rows = self.library.layer(layer).gather(self.numbers[start : start + size])
                yield Block(group, start, units(rows))

    def count_blocks(self, size: int) -> int:
        """Return how many pieces :meth:`blocks` yields."""
        return len(self.layers) * -(-len(self) // size)

    def at(self, groups: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Return one unit vector per (layer position, place among the drawn rows), [n, d].

        Raises:
            DataError: A part of the library cannot be read.
        """
        found = torch.zeros(len(groups), self.library.hidden)
        for group, layer in enumerate(self.layers):
            chosen = groups == group
            distinct, back = torch.unique(self.numbers[places[chosen]], return_inverse=True)
            found[chosen] = units(self.library.layer(layer).gather(distinct))[back]
        return found


def units(vectors: torch.Tensor) -> torch.Tensor:
    """Return [n, d] vectors at length 1 in float32; zero vectors stay zero."""
    lengths = torch.linalg.vector_norm(vectors.float(), dim=-1, keepdim=True)
    return vectors.float() / torch.where(lengths > 0, lengths, 1.0)


def draw_rows(library: Library, count: int, seed: int) -> DrawnRows:
    """Draw at most ``count`` rows, each equally likely, without putting back."""
    drawn = keyed_rng("measure-rows", seed).choice(
        len(library), size=min(count, len(library)), replace=False
    )
    return DrawnRows(library, torch.from_numpy(np.sort(drawn).astype(np.int64)))


def text_rows(rows: DrawnRows, seed: int) -> DrawnRows:
    """Draw the rows for drift and norms of text, some thousand, from those drawn before."""
    size = min(_TEXT_ROWS, len(rows))
    places = keyed_rng("measure-text", seed).choice(len(rows), size=size, replace=False)
    return DrawnRows(rows.library, rows.numbers[torch.from_numpy(np.sort(places))])


def text_norms(rows: DrawnRows) -> tuple[LayerSpread, ...]:
    """Return the L2 norms of the states, before they were brought to unit length, by layer.

    Raises:
        DataError: A part of the library cannot be read, or a norm is NaN or infinite.
    """
    return tuple(
        layer_spread(
            layer, rows.library.layer(layer).pick(rows.numbers).norms.numpy(), "norm of text"
        )
        for layer in rows.layers
    )


def text_drift(rows: DrawnRows, readout: Path) -> tuple[LayerSpread, ...]:
    """Return the cosines of text tokens with the input embedding of their token id, by layer.

    Left out: rows whose input embedding has length 0. What a model adds to the embedding before
    its first block, such as learned positions, is not part of it.
    Source: token drift in Krojer et al., arXiv 2602.00462.

    Args:
        rows: Drawn rows.
        readout: ``readout.safetensors`` of the run; only the rows needed are read.

    Raises:
        DataError: A file cannot be read.
        MismatchError: A token id of the library is outside the model's vocabulary.
    """
    column = rows.library.rows.column("token_id").to_numpy()
    ids = torch.from_numpy(column[rows.numbers.numpy()].astype(np.int64))
    embedded = _embedded(readout, ids)
    known = embedded.any(dim=1)
    if not bool(known.any()):
        return ()
    inputs = units(embedded[known])
    found = []
    for layer in rows.layers:
        states = units(rows.library.layer(layer).gather(rows.numbers[known]))
        cosines = (states * inputs).sum(dim=1).clamp(-1, 1)
        found.append(layer_spread(layer, cosines.numpy(), "drift of text"))
    return tuple(found)


def _embedded(readout: Path, ids: torch.Tensor) -> torch.Tensor:
    try:
        with safe_open(readout, framework="pt") as stored:
            # Mapped from disk: a large matrix is not read but for the rows taken.
            matrix = stored.get_tensor("embed")
            if int(ids.max()) >= len(matrix):
                raise MismatchError(
                    f"token id {int(ids.max())} of the reference library is outside the "
                    f"{len(matrix)} rows of {readout}: it was built with another tokenizer"
                )
            found: torch.Tensor = matrix[ids].float()
    except (OSError, SafetensorError) as error:
        raise DataError(f"cannot read readout {readout}: {error}") from error
    return found
