"""What a model must prove when it is loaded, measured on one drawn image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np
import torch
from PIL import Image

from harness.core.errors import MismatchError
from harness.vlms.capture import block_input
from harness.vlms.readout import VocabularyReadout

_TOLERANCE: Final = {"float32": 1e-4, "float16": 1e-2}
_COARSE: Final = 5e-2
"""Of bfloat16, and of quantised models, which compute in it."""

_MOVED = 1e-4
"""Smallest relative change of a state that counts as having seen a later token."""


def probe_image() -> Image.Image:
    """Return a small picture with different content everywhere, the same on every call."""
    rows, cols = np.mgrid[0:48, 0:64]
    channels = (rows * 5, cols * 4, (rows * cols) // 3 + 40 * ((rows // 6 + cols // 8) % 2))
    return Image.fromarray((np.stack(channels, axis=-1) % 256).astype(np.uint8))


def prove_readout(
    readout: VocabularyReadout, states: torch.Tensor, logits: torch.Tensor, dtype: torch.dtype
) -> None:
    """Check that the readout of the last layer's states is what the model itself computes.

    Args:
        readout: The maps to prove.
        states: [tokens, d] states after the last block, before the final norm.
        logits: [tokens, at least vocabulary] logits of the same forward pass.
        dtype: Type of the forward pass; decides the tolerance.

    Raises:
        MismatchError: They differ, so every vocabulary lens on this model would be wrong.
    """
    name = str(dtype).removeprefix("torch.")
    error, accepted = logit_error(readout, states, logits), accepted_error(name)
    if not error <= accepted:
        raise MismatchError(
            f"readout does not reproduce the model's own logits: relative error {error:.2g}, "
            f"accepted {accepted:.2g} in {name}"
        )


def accepted_error(dtype: str) -> float:
    """Return the largest relative difference that rounding excuses, by type of the forward pass."""
    return _TOLERANCE.get(dtype, _COARSE)


def logit_error(readout: VocabularyReadout, states: torch.Tensor, logits: torch.Tensor) -> float:
    """Return the largest difference of logits, as a share of the largest logit.

    Args:
        readout: The maps to compare.
        states: [tokens, d] states after the last block, before the final norm.
        logits: [tokens, at least vocabulary] logits of the model itself.
    """
    expected = logits.float().cpu()[..., : readout.unembed.shape[0]]
    found = readout.logits(states.to(readout.unembed.device)).cpu()
    return float((found - expected).abs().max() / expected.abs().max())


def measure_attention(
    run: Callable[[], torch.Tensor], first_block: torch.nn.Module, last_visual: int
) -> Literal["causal", "bidirectional"]:
    """Replace the last visual token and everything after it, and see whether earlier states move.

    Args:
        run: Runs the model on a fixed input and returns [length, d] states of the last layer.
        first_block: Block whose input is changed.
        last_visual: Position of the last visual token.
    """

    def replace(
        _: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        changed = block_input(args, kwargs).clone()
        tail = changed[:, last_visual:]
        changed[:, last_visual:] = tail.abs().mean() - 2 * tail.flip(-1)
        return (changed, *args[1:]), {k: v for k, v in kwargs.items() if k != "hidden_states"}

    before = run()[:last_visual]
    handle = first_block.register_forward_pre_hook(replace, with_kwargs=True)
    try:
        after = run()[:last_visual]
    finally:
        handle.remove()
    if not last_visual:
        return "causal"
    moved = (after - before).norm(dim=-1) / before.norm(dim=-1)
    return "bidirectional" if float(moved.max()) > _MOVED else "causal"
