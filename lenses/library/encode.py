"""States of the planned rows: each phrase runs once, and only as far as its last kept token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from harness.core.errors import DataError, unknown_name
from harness.core.progress import progress
from lenses.library.plan import Plan
from lenses.library.tokenise import TokenisedCorpus

Encoder = Callable[[torch.Tensor, Sequence[int]], dict[int, torch.Tensor]]
"""Right-padded ids [b, t] and layers to states by layer [b, t, d]."""

StoredType = Literal["float16", "bfloat16", "float32"]
DTYPES: dict[str, torch.dtype] = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
}
"""Types that rows may be stored in."""


@dataclass(frozen=True, slots=True)
class EncodedLayer:
    """All rows of one contextual layer."""

    vectors: torch.Tensor
    """Directions, [rows, d] of unit length in the stored type (a zero state stays zero)."""
    norms: torch.Tensor
    """Lengths of the states, [rows] float32."""


def encode_rows(
    encoder: Encoder,
    tokenised: TokenisedCorpus,
    plan: Plan,
    layers: Sequence[int],
    *,
    dtype: str = "float16",
    batch_tokens: int = 4096,
) -> dict[int, EncodedLayer]:
    """Run the planned phrases through ``encoder`` and gather the planned rows.

    Direction and length are stored apart, so that float16 holds states of any length.

    Args:
        encoder: The text model; it must be causal, since padding on the right is not masked.
        tokenised: The corpus the plan was made from.
        plan: Rows to keep.
        layers: Contextual layers.
        dtype: Stored type of the directions.
        batch_tokens: Tokens per forward pass, padding included.

    Raises:
        UsageError: Unknown ``dtype``.
        DataError: A state is NaN or Inf (counted, with layer and phrase), or the encoder returns
            other layers or shapes than asked for.
    """
    if dtype not in DTYPES:
        raise unknown_name("library dtype", dtype, DTYPES)
    batches = list(_batches(plan, batch_tokens))
    store: dict[int, EncodedLayer] = {}
    for rows in progress(batches, description="reading the corpus", total=len(batches)):
        ids, row_of, columns = _padded(tokenised, plan, rows)
        with torch.no_grad():
            states = encoder(ids, layers)
        for layer in layers:
            picked = _picked(states, layer, ids, row_of, columns)
            _require_finite(picked, layer, tokenised, plan, rows)
            norms = torch.linalg.vector_norm(picked, dim=1, dtype=torch.float64)
            units = picked.double() / torch.where(norms > 0, norms, 1.0)[:, None]
            if layer not in store:
                vectors = torch.empty(len(plan), picked.shape[1], dtype=DTYPES[dtype])
                store[layer] = EncodedLayer(vectors, torch.empty(len(plan)))
            store[layer].vectors[rows] = units.to(DTYPES[dtype])
            store[layer].norms[rows] = norms.float()
    return store


def _batches(plan: Plan, batch_tokens: int) -> Iterator[NDArray[np.int64]]:
    """Yield row numbers of whole phrases, phrases of near length together."""
    _, first = np.unique(plan.phrases, return_index=True)
    first = np.sort(first)
    past = np.append(first[1:], len(plan))
    lengths = plan.positions[past - 1] + 1
    batch: list[NDArray[np.int64]] = []
    for run in np.argsort(lengths, kind="stable"):
        if batch and (len(batch) + 1) * lengths[run] > batch_tokens:
            yield np.concatenate(batch)
            batch = []
        batch.append(np.arange(first[run], past[run]))
    if batch:
        yield np.concatenate(batch)


def _padded(
    tokenised: TokenisedCorpus, plan: Plan, rows: NDArray[np.int64]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return ids [b, t] and, for each planned row, its batch row and its column."""
    phrases, columns = plan.phrases[rows], plan.positions[rows]
    begins = np.flatnonzero(np.diff(phrases, prepend=-1))
    row_of = np.cumsum(np.diff(phrases, prepend=-1) != 0) - 1
    lengths = np.maximum.reduceat(columns, begins) + 1
    ids = np.zeros((len(begins), int(lengths.max())), dtype=np.int64)
    for row, (phrase, length) in enumerate(zip(phrases[begins], lengths, strict=True)):
        start = tokenised.starts[phrase]
        ids[row, :length] = tokenised.ids[start : start + length]
    return torch.from_numpy(ids), torch.from_numpy(row_of), torch.from_numpy(columns)


def _picked(
    states: dict[int, torch.Tensor],
    layer: int,
    ids: torch.Tensor,
    row_of: torch.Tensor,
    columns: torch.Tensor,
) -> torch.Tensor:
    """Return the planned states of one batch, [rows, d] float32 on the CPU."""
    if layer not in states or states[layer].shape[:-1] != ids.shape:
        found = {key: tuple(value.shape) for key, value in states.items()}
        raise DataError(
            f"encoder returned {found} for layer {layer} of ids {tuple(ids.shape)}: "
            "expected [batch, length, d] for every layer asked for"
        )
    device = states[layer].device
    return states[layer][row_of.to(device), columns.to(device)].float().cpu()


def _require_finite(
    picked: torch.Tensor,
    layer: int,
    tokenised: TokenisedCorpus,
    plan: Plan,
    rows: NDArray[np.int64],
) -> None:
    bad = (~picked.isfinite().all(dim=1)).nonzero().flatten()
    if len(bad):
        row = rows[int(bad[0])]
        phrase = tokenised.phrases[plan.phrases[row]]
        raise DataError(
            f"library: {len(bad)} of {len(rows)} states at layer {layer} hold NaN or Inf, first at "
            f"position {plan.positions[row]} of {phrase!r}; try float32 for the forward pass"
        )
