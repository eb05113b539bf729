"""Hidden states by hooks: only the layers and rows asked for, always before the final norm.

``output_hidden_states`` is not used: it keeps everything, and its last entry is normed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from harness.core.errors import DataError, UsageError

Rows = Callable[[torch.Tensor], torch.Tensor]
"""Chooses what to keep of a [batch, length, d] tensor."""


@contextmanager
def capture(
    blocks: Sequence[torch.nn.Module], layers: Sequence[int], rows: Rows
) -> Iterator[dict[int, torch.Tensor]]:
    """Collect states of forward passes run inside: layer to float32 tensor on the CPU.

    Layer 0 is what enters the first block, layer i what leaves block i - 1, also for the last.
    """
    states: dict[int, torch.Tensor] = {}
    with ExitStack() as hooks:
        for layer in check_layers(layers, len(blocks)):
            handle = _hook(blocks, layer, rows, states)
            hooks.callback(handle.remove)
        yield states


def capture_up_to(
    blocks: Sequence[torch.nn.Module],
    layers: Sequence[int],
    rows: Rows,
    forward: Callable[[], object],
) -> dict[int, torch.Tensor]:
    """Collect states of ``forward()``, which ends where the highest layer is known.

    Returns:
        Layer to float32 tensor on the CPU, as :func:`capture`.
    """
    top = max(check_layers(layers, len(blocks)))
    with capture(blocks, layers, rows) as states, _stopping(blocks, top):
        forward()
    return states


def check_layers(layers: Sequence[int], depth: int) -> tuple[int, ...]:
    """Return the distinct layers in order; UsageError naming the valid range for any other."""
    if not layers:
        raise UsageError(f"no layers given: expected some of 0..{depth}")
    for layer in layers:
        if not 0 <= layer <= depth:
            raise UsageError(f"layer {layer} does not exist: expected 0..{depth}")
    return tuple(sorted(set(layers)))


def check_finite(states: dict[int, torch.Tensor], source: str) -> None:
    """Raise DataError naming layer and token if any [..., tokens, d] state is NaN or infinite."""
    for layer, tensor in sorted(states.items()):
        bad = (~torch.isfinite(tensor).all(-1)).nonzero()
        if len(bad):
            raise DataError(
                f"NaN or infinite hidden state of {source}: layer {layer}, "
                f"token {int(bad[0, -1])} ({len(bad)} tokens in all); try another dtype"
            )


def block_input(args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.Tensor:
    """Return the [batch, length, d] states a decoder block was called with."""
    states: torch.Tensor = args[0] if args else kwargs["hidden_states"]
    return states


def _hook(
    blocks: Sequence[torch.nn.Module], layer: int, rows: Rows, states: dict[int, torch.Tensor]
) -> torch.utils.hooks.RemovableHandle:
    def keep(tensor: torch.Tensor) -> None:
        # In this order a 16-bit model sends half the bytes from the device.
        states[layer] = rows(tensor.detach()).to("cpu", copy=True).float()

    return _at(blocks, layer, keep)


class _ReachedError(Exception):
    """All that was asked for is known; what is above need not run."""


@contextmanager
def _stopping(blocks: Sequence[torch.nn.Module], layer: int) -> Iterator[None]:
    """End a forward pass run inside as soon as the states of ``layer`` are there."""

    def stop(_: torch.Tensor) -> None:
        raise _ReachedError

    handle = _at(blocks, layer, stop)
    try:
        yield
    except _ReachedError:
        pass
    finally:
        handle.remove()


def _at(
    blocks: Sequence[torch.nn.Module], layer: int, action: Callable[[torch.Tensor], None]
) -> torch.utils.hooks.RemovableHandle:
    """Call ``action`` with the [batch, length, d] states of ``layer`` in every forward pass."""
    if layer == 0:

        def before(_: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            action(block_input(args, kwargs))

        return blocks[0].register_forward_pre_hook(before, with_kwargs=True)

    def after(_: torch.nn.Module, __: tuple[Any, ...], output: Any) -> None:
        action(output[0] if isinstance(output, tuple) else output)

    return blocks[layer - 1].register_forward_hook(after)
