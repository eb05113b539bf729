"""What a model lets texts share in one forward pass, measured on a few drawn ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from harness.core.errors import LensbenchError
from lenses.library.encode import TextEncoder, ancestors
from lenses.library.packs import Packing

LONGEST = 512
"""Length of the longest text that is proved, the length at which phrases are cut."""

_TOLERANCE = {torch.bfloat16: 5e-2, torch.float16: 1e-2, torch.float32: 1e-4}
"""Largest accepted distance of states, as a share of their length and on average over a text, by
the type of the pass: rounding moves single states of deep 16-bit models further."""

_SHORT = 7
"""Tokens of the short text, so that padding and mask have something to hide."""

States = Mapping[int, torch.Tensor]
"""Layer to [tokens, d]."""


def measure_packing(
    encoder: TextEncoder,
    vocabulary: int,
    layers: Sequence[int],
    *,
    longest: int = LONGEST,
) -> Packing:
    """Run three texts alone and then together, and see whether their states stay what they were.

    The first two texts share their first half, the third is short and shares nothing. Together
    they are run right-padded in one batch, and as a tree in which the half is there once.

    Args:
        encoder: The text model.
        vocabulary: Ids 0 to ``vocabulary`` - 1 are drawn from.
        layers: Layers whose states must stay.
        longest: Tokens of the longest text; what holds for it is taken to hold for shorter ones.

    Returns:
        ``tree`` if states are right in a tree, ``prefix`` if they only do not depend on what
        follows, so that prefixes may be shared between texts and padding is harmless, and
        ``whole`` if every text must be run as it is.

    Raises:
        UsageError: A layer that the model does not have.
        DataError: States with NaN or Inf.
    """
    texts = _texts(vocabulary, longest)
    alone = [_alone(encoder, text, layers) for text in texts]
    half = longest // 2
    if half and not _agree(_cut(alone[1], half), _cut(alone[0], half)):
        return "whole"
    if not all(map(_agree, _padded(encoder, texts, layers), alone)):
        return "whole"
    try:
        together = _in_a_tree(encoder, texts, layers)
    except torch.OutOfMemoryError:
        raise
    except (LensbenchError, ValueError, TypeError, IndexError, RuntimeError):
        # Architectures refuse a mask or positions of their own in many ways; plain runs worked.
        return "prefix"
    return "tree" if all(map(_agree, together, alone)) else "prefix"


def _texts(vocabulary: int, longest: int) -> list[torch.Tensor]:
    """Return ids of the three texts, each [tokens]; where texts differ, they do at every token."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randint(vocabulary, (longest,), generator=generator)
    second = (first + 1 + vocabulary // 3) % vocabulary
    second[: longest // 2] = first[: longest // 2]
    third = (first[:_SHORT] + 2 + vocabulary // 2) % vocabulary
    return [first, second, third]


def _alone(encoder: TextEncoder, text: torch.Tensor, layers: Sequence[int]) -> States:
    return {layer: states[0] for layer, states in encoder(text[None], layers).items()}


def _padded(
    encoder: TextEncoder, texts: Sequence[torch.Tensor], layers: Sequence[int]
) -> list[States]:
    """Return the states of each text, all run in one batch padded on the right."""
    ids = torch.nn.utils.rnn.pad_sequence(list(texts), batch_first=True)
    keep = torch.nn.utils.rnn.pad_sequence(
        [torch.ones(len(text), dtype=torch.bool) for text in texts], batch_first=True
    )
    states = encoder(ids, layers, keep=keep)
    lengths = [len(text) for text in texts]
    parts = {layer: torch.split(tensor, lengths) for layer, tensor in states.items()}
    return [{layer: part[i] for layer, part in parts.items()} for i in range(len(texts))]


def _in_a_tree(
    encoder: TextEncoder, texts: Sequence[torch.Tensor], layers: Sequence[int]
) -> list[States]:
    """Return the states of each text, run as in a pack: first text, third, rest of the second."""
    first, second, third = texts
    half, long, short = len(first) // 2, len(first), len(third)
    columns = [
        torch.arange(long),
        torch.cat([torch.arange(half), long + short + torch.arange(long - half)]),
        long + torch.arange(short),
    ]
    # Packs of a batch are of one width, so that most of them end in padding.
    width = 2 * long + short - half + 1
    ids, positions = torch.zeros(2, 1, width, dtype=torch.int64)
    parents = torch.full((1, width), -1)
    keep = torch.zeros(1, width, dtype=torch.bool)
    for text, column in zip(texts, columns, strict=True):
        ids[0, column], positions[0, column] = text, torch.arange(len(text))
        parents[0, column[1:]] = column[:-1]
        keep[0, column] = True
    attends = ancestors(parents)
    states = encoder(ids, layers, positions=positions, attends=attends, keep=keep)
    return [{layer: tensor[column] for layer, tensor in states.items()} for column in columns]


def _cut(states: States, length: int) -> States:
    return {layer: tensor[:length] for layer, tensor in states.items()}


def _agree(found: States, expected: States) -> bool:
    """Tell whether all states are the same up to rounding in the type of the forward pass."""
    for layer, right in expected.items():
        tolerance = _TOLERANCE[_precision(right)]
        lengths = right.norm(dim=-1).clamp_min(torch.finfo(torch.float32).tiny)
        moved = (found[layer] - right).norm(dim=-1) / lengths
        if not float(moved.mean()) <= tolerance:
            return False
    return True


def _precision(states: torch.Tensor) -> torch.dtype:
    """Return the narrowest type that holds the float32 ``states`` exactly: that of the pass."""
    for narrow in (torch.bfloat16, torch.float16):
        if torch.equal(states.to(narrow).float(), states):
            return narrow
    return torch.float32
