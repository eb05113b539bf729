"""Patches that do not see each other: which pixels a visual token is made of can be measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import torch

from harness.core.errors import MismatchError

_ENDING: Final = "Attention"
"""How transformers names its attention modules."""


@contextmanager
def silenced(tower: torch.nn.Module) -> Iterator[None]:
    """Make every attention module inside ``tower`` return zeros until the end of the block.

    What is left acts on each patch alone: patch embedding, position, feed-forward layers.

    Raises:
        MismatchError: No attention module is found, so nothing would be silenced.
    """
    modules = _attention_modules(tower)
    if not modules:
        raise MismatchError(f"no attention module in the vision tower {type(tower).__name__}")
    with ExitStack() as hooks:
        for module in modules:
            hooks.callback(module.register_forward_hook(_zero).remove)
        yield


def _attention_modules(module: torch.nn.Module) -> list[torch.nn.Module]:
    """Return the outermost attention modules."""
    if type(module).__name__.endswith(_ENDING):
        return [module]
    return [found for child in module.children() for found in _attention_modules(child)]


def _zero(_: torch.nn.Module, __: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, tuple):
        return (torch.zeros_like(output[0]), *output[1:])
    return torch.zeros_like(output)
