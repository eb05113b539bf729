"""Text through the decoder stack of a model: no output head, no block nobody asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from harness.core.errors import UsageError
from harness.vlms.capture import Rows, capture_up_to, check_finite


@torch.no_grad()
def decoder_states(
    decoder: Any,
    blocks: Sequence[torch.nn.Module],
    ids: torch.Tensor,
    layers: Sequence[int],
    *,
    positions: torch.Tensor | None,
    attends: torch.Tensor | None,
    keep: torch.Tensor | None,
    source: str,
) -> dict[int, torch.Tensor]:
    """Return hidden states of token ids; tensors may be on any device.

    Padding stands on the right and is not masked: in a causal model no token sees what is behind
    it. States at padded positions mean nothing.

    Args:
        decoder: A decoder of transformers that takes ids, a mask and positions.
        blocks: Its blocks.
        ids: [batch, length] token ids.
        layers: Layers; blocks above the highest are not run.
        positions: [batch, length] position of each token in its text; counted from 0 if None.
        attends: [batch, length, length], true where a row's token may see a column's; every row
            must see one column at least. If None, the model's own causal mask.
        keep: [batch, length], true for the states to return; only they leave the device.
        source: Model's name for messages.

    Returns:
        Layer to [batch, length, d] float32 on the CPU, or to [kept, d] in row-major order.

    Raises:
        UsageError: A layer outside 0..N, a wrong shape, or positions that do not fit into the
            window to which the model limits its own attention, which ``attends`` would override.
        DataError: NaN or infinite states, where ``keep`` is None; names layer and token.
    """
    _require_shapes(ids, positions, attends, keep)
    if attends is not None:
        _require_window(decoder.config, ids.shape[1], positions, source)
    device = decoder.get_input_embeddings().weight.device
    moved = None if positions is None else positions.to(device)
    mask = None if attends is None else _additive(attends.to(device), decoder.dtype)
    states = capture_up_to(
        blocks,
        layers,
        _selection(keep, device),
        lambda: decoder(
            input_ids=ids.to(device), attention_mask=mask, position_ids=moved, use_cache=False
        ),
    )
    if keep is None:
        check_finite(states, f"{source} on text")
    return states


def _selection(keep: torch.Tensor | None, device: torch.device) -> Rows:
    if keep is None:
        return lambda states: states
    # Counted once here and not by a boolean mask at every layer, where a GPU would have to wait.
    chosen = keep.flatten().nonzero()[:, 0].to(device)
    return lambda states: states.flatten(0, 1).index_select(0, chosen)


def _additive(attends: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return [batch, 1, length, length] for all heads: all attention kernels add such a mask."""
    mask = torch.zeros(attends.shape, dtype=dtype, device=attends.device)
    return mask.masked_fill_(~attends, torch.finfo(dtype).min)[:, None]


def _require_shapes(
    ids: torch.Tensor,
    positions: torch.Tensor | None,
    attends: torch.Tensor | None,
    keep: torch.Tensor | None,
) -> None:
    if ids.ndim != 2:
        raise UsageError(f"ids of shape {tuple(ids.shape)}: expected [batch, length]")
    square = (*ids.shape, ids.shape[1])
    for name, tensor, expected in (
        ("positions", positions, tuple(ids.shape)),
        ("attends", attends, square),
        ("keep", keep, tuple(ids.shape)),
    ):
        if tensor is not None and tuple(tensor.shape) != expected:
            raise UsageError(
                f"{name} of shape {tuple(tensor.shape)}: expected {expected} "
                f"for ids {tuple(ids.shape)}"
            )


def _require_window(config: Any, length: int, positions: torch.Tensor | None, source: str) -> None:
    """Refuse texts longer than the model's sliding window or chunk of attention."""
    longest = length if positions is None else int(positions.max()) + 1
    for name in ("sliding_window", "attention_chunk_size"):
        window = getattr(config, name, None)
        if window is not None and longest > window:
            raise UsageError(
                f"attends for texts of {longest} tokens: {source} sees {window} tokens back "
                f"({name}), which a mask of its own would override; run whole texts instead"
            )
