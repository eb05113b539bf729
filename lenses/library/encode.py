"""States of the planned rows of one part, gathered where the model runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch

from harness.core.errors import DataError
from lenses.library.packs import PackedBatch, Packing, pack_rows
from lenses.library.plan import Plan
from lenses.library.tokenise import TokenisedCorpus

PACK_WIDTH = 128
"""Tokens of one pack: wider packs share a little more, but their attention costs more."""

PACK_BATCH = 8
"""Packs of one forward pass: more no longer fit into the cache of a CPU core."""


class TextEncoder(Protocol):
    """Text states of a model, such as an adapter's ``text_states``."""

    def __call__(
        self,
        ids: torch.Tensor,
        layers: Sequence[int],
        *,
        positions: torch.Tensor | None = None,
        attends: torch.Tensor | None = None,
        keep: torch.Tensor | None = None,
    ) -> dict[int, torch.Tensor]:
        """Run right-padded token ids.

        Args:
            ids: [batch, length] int64.
            layers: Layers.
            positions: [batch, length] position of each token in its text, counted from 0 if None.
            attends: [batch, length, length], true where a row's token may see a column's; plain
                causal attention if None.
            keep: [batch, length], true for the states to return.

        Returns:
            Layer to [batch, length, d] float32 on the CPU, or to [kept, d] in row-major order;
            with ``keep`` they may hold NaN or Inf.
        """
        ...


def encode_part(
    encoder: TextEncoder,
    tokenised: TokenisedCorpus,
    plan: Plan,
    start: int,
    stop: int,
    layers: Sequence[int],
    packing: Packing,
    *,
    advance: Callable[[int], None] = lambda tokens: None,
) -> dict[int, torch.Tensor]:
    """Return the states of rows ``start`` to ``stop`` of the plan.

    They depend on these rows only, not on the parts around them.

    Args:
        encoder: The text model.
        tokenised: The corpus the plan was made from.
        plan: Rows to keep.
        start: First row.
        stop: One past the last row.
        layers: Contextual layers.
        packing: What the model lets texts share, see ``measure_packing``.
        advance: Called after each forward pass with the number of its positions, padding included.

    Returns:
        Layer to [stop - start, d] float32.

    Raises:
        DataError: States are NaN or Inf (all are counted, the first is named), or the encoder
            returns other layers or shapes than asked for.
    """
    batches = pack_rows(tokenised, plan, start, stop, packing, width=PACK_WIDTH, batch=PACK_BATCH)
    part: dict[int, torch.Tensor] = {}
    for batch in batches:
        found = _run(encoder, batch, layers, packing)
        rows = torch.from_numpy(batch.rows - start)
        for layer in layers:
            if layer not in part:
                part[layer] = torch.empty(stop - start, found[layer].shape[1])
            part[layer][rows] = found[layer]
        advance(batch.ids.size)
    _require_finite(part, tokenised, plan, start)
    return part


def ancestors(parents: torch.Tensor) -> torch.Tensor:
    """Return which columns each token of a tree may see: itself and all before it in its text.

    Args:
        parents: [batch, width] column of the token before it, -1 where there is none.

    Returns:
        [batch, width, width] bool, true at [b, i, j] if j is i or an ancestor of i.
    """
    batch, width = parents.shape
    # One more column stands for "none"; it sees nothing and is its own parent.
    jump = torch.full((batch, width + 1), width)
    jump[:, :width] = torch.where(parents < 0, width, parents)
    seen = torch.eye(width + 1, dtype=torch.bool).repeat(batch, 1, 1)
    seen[:, width, width] = False
    lines = torch.arange(batch)[:, None]
    # After each round a token sees twice as many steps back, and jumps twice as far.
    while bool((jump < width).any()):
        seen |= seen[lines, jump]
        jump = jump.gather(1, jump)
    return seen[:, :width, :width].contiguous()


def _run(
    encoder: TextEncoder, batch: PackedBatch, layers: Sequence[int], packing: Packing
) -> dict[int, torch.Tensor]:
    """Return the states of the rows of one batch, in their order, by layer."""
    ids = torch.from_numpy(batch.ids)
    keep = torch.zeros(ids.shape, dtype=torch.bool)
    keep[torch.from_numpy(batch.batch), torch.from_numpy(batch.columns)] = True
    if packing == "tree":
        positions = torch.from_numpy(batch.positions)
        attends = ancestors(torch.from_numpy(batch.parents))
        states = encoder(ids, layers, positions=positions, attends=attends, keep=keep)
    else:
        states = encoder(ids, layers, keep=keep)
    kept = int(keep.sum())
    for layer in layers:
        if layer not in states or states[layer].ndim != 2 or len(states[layer]) != kept:
            found = {key: tuple(value.shape) for key, value in states.items()}
            raise DataError(
                f"encoder returned {found} for layer {layer} of {kept} tokens: "
                "expected [tokens, d] for every layer asked for"
            )
    # Several rows may ask for one state, so that a row's place is counted among the kept ones.
    place = (keep.flatten().cumsum(0) - 1).view(keep.shape)
    chosen = place[torch.from_numpy(batch.batch), torch.from_numpy(batch.columns)]
    return {layer: states[layer][chosen] for layer in layers}


def _require_finite(
    part: dict[int, torch.Tensor], tokenised: TokenisedCorpus, plan: Plan, start: int
) -> None:
    """Raise DataError with the count of each layer if any state is not finite."""
    bad = {
        layer: (~torch.isfinite(states).all(1)).nonzero()[:, 0] for layer, states in part.items()
    }
    counts = {layer: len(rows) for layer, rows in sorted(bad.items()) if len(rows)}
    if not counts:
        return
    layer = min(counts)
    row = start + int(bad[layer][0])
    phrase, position = int(plan.phrases[row]), int(plan.positions[row])
    token = tokenised.texts[int(tokenised.ids[tokenised.starts[phrase] + position])]
    total = len(part[layer])
    listed = ", ".join(f"{count} at layer {key}" for key, count in counts.items())
    raise DataError(
        f"NaN or Inf in states of {total} rows: {listed}; the first is token {token!r} at position "
        f"{position} of {tokenised.phrases[phrase]!r}: run the model in bfloat16 or float32"
    )
