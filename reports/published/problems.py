"""What is known to be wrong with published rates, and with which of them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from harness.core.records import Record

USUAL_PATCHES = 100
"""Patches of a published cell: one for each of 100 images."""

FEWER_PATCHES = {"molmo-7b-d": 98, "molmo-72b": 98}
"""Patches by model where two images have no valid place for a 3x3 region on the 12x12 grid."""


class Problem(Record):
    """One known problem and the cells it concerns; ``*`` in a name stands for any text."""

    scope: Literal["cell", "general"]
    """Whether it is a matter of these cells, or of how the rates of such cells were made."""
    group: str
    """Group of models."""
    model: str
    """Model."""
    lens: str
    """Lens."""
    variant: str
    """Ablation, or ``none``."""
    layers: tuple[int, ...] | None
    """Visual layers; None for all."""
    n: int | Literal["unknown"] | None = None
    """Patches these cells rest on, where the row tells; None where it does not."""
    text: str
    """The problem, in words."""
    source: str
    """What it was found in."""

    def concerns(self, group: str, model: str, lens: str, variant: str, layer: int | None) -> bool:
        """Return whether it concerns a cell; layer None: any layer of these."""
        named = ((group, self.group), (model, self.model), (lens, self.lens))
        if not all(fnmatchcase(*pair) for pair in (*named, (variant, self.variant))):
            return False
        return layer is None or self.layers is None or layer in self.layers

    def __str__(self) -> str:
        """Return it as a reader sees it."""
        return f"{self.text} ({self.source})"


def patches_of(model: str, problems: tuple[Problem, ...]) -> int | None:
    """Return how many patches a cell of ``model`` rests on, given the problems of the cell.

    None where it cannot be known.
    """
    told = [problem.n for problem in problems if problem.n is not None]
    if told:
        return None if told[0] == "unknown" else told[0]
    return FEWER_PATCHES.get(model, USUAL_PATCHES)
