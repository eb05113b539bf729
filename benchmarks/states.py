"""Synthetic hidden states for search: anisotropic, with outlying dimensions, with or without words.

``spread``: every row is a draw of its own around a common mean, so that cosines lie close together
and the best rows hardly stand out: the hardest case for any scan in few bits. ``words``: rows stand
in groups of up to 20 around the state of a word, as those of a library do, and queries lie between
words; real states are nearer to this.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch.nn import functional

Shape = Literal["spread", "words"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

_OUTLIERS = 2
_OUTLYING = 40.0
_PER_WORD = 20


def library_states(layers: int, rows: int, width: int, shape: Shape) -> list[torch.Tensor]:
    """Return unit rows of each layer, [rows, width] float32."""
    return [_rows(seed, rows, width, shape) for seed in range(1, layers + 1)]


def query_states(count: int, width: int, shape: Shape, groups: list[torch.Tensor]) -> torch.Tensor:
    """Return queries [count, width] float32 of any length."""
    generator = torch.Generator().manual_seed(99)
    if shape == "spread":
        return _rows(0, count, width, shape) * 7
    pick = torch.randint(len(groups), (count, 3), generator=generator)
    rows = torch.randint(len(groups[0]), (count, 3), generator=generator)
    found = torch.stack(
        [
            sum(groups[g][r] for g, r in zip(which.tolist(), at.tolist(), strict=True))
            for which, at in zip(pick, rows, strict=True)
        ]
    )
    return found + 0.03 * torch.randn(count, width, generator=generator)


def _rows(seed: int, rows: int, width: int, shape: Shape) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mean = torch.randn(width, generator=torch.Generator().manual_seed(1000)) * (0.6 + 0.05 * seed)
    mean[:: width // _OUTLIERS] += _OUTLYING
    spectrum = torch.exp(-3 * torch.arange(width) / width)
    noise = torch.randn(rows, width, generator=generator) * spectrum
    if shape == "words":
        words = torch.randn(-(-rows // _PER_WORD), width, generator=generator) * spectrum
        noise = 0.6 * noise + words.repeat_interleave(_PER_WORD, dim=0)[:rows]
    return functional.normalize(noise + mean, dim=1)
