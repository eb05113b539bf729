"""Checks of the geometry on the model itself: which pixels is a token made of?

Patches are kept from seeing each other inside the encoder, so that a token shows its own pixels and
nothing else; the model runs only up to what enters its first block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import torch

from harness.core.rng import keyed_rng
from harness.vlms.conformance.trial import Outcome, Trial, outcome, painted, picture
from harness.vlms.geometry import Geometry

SHARE: Final = 0.18
"""Share of a cell's area that is painted, around its middle: small enough to stay inside after any
resizing, large enough to be seen."""

_VISIBLE: Final = 0.25
"""A cell of which less than this share of its width or height is image is not painted."""

_STILL: Final = 1e-6
"""Largest relative change of a token that counts as none."""

Cell = tuple[int, int]


def painted_cells(trial: Trial) -> Iterator[Outcome]:
    """Paint one cell after the other and see which token of the view moves most."""
    with trial.adapter.isolated():
        before = trial.adapter.encode(trial.image, (0,)).states[0]
        for name, view in trial.layout.views.items():
            yield _paint(trial, name, view, before)


def separators(trial: Trial) -> Iterator[Outcome]:
    """Show another picture and see whether tokens that stand for no part of it move."""
    marks = trial.layout.separators
    if not marks:
        yield Outcome("not applicable", "no separators")
        return
    with trial.adapter.isolated():
        before, after = (
            trial.adapter.encode(image, (0,)).states[0]
            for image in (trial.image, picture(trial.size, seed=1))
        )
    chosen = [index for index in marks if index < len(before)]
    moved = relative_change(after[chosen], before[chosen])
    worst = int(moved.argmax()) if chosen else 0
    largest = float(moved[worst]) if chosen else 0.0
    yield outcome(
        largest <= _STILL,
        f"{len(marks)} separators, none moved"
        if largest <= _STILL
        else f"separator {chosen[worst]} moved by {largest:.2g} of its length",
    )


def image_cells(view: Geometry) -> list[Cell]:
    """Return the cells that show enough of the image to paint in, row by row."""
    rows, cols = view.grid
    least = (
        _VISIBLE * view.canvas[0] / cols / view.scale[0],
        _VISIBLE * view.canvas[1] / rows / view.scale[1],
    )
    found = []
    for row in range(rows):
        for col in range(cols):
            left, top, right, bottom = view.cell_box(row, col)
            if right - left >= least[0] and bottom - top >= least[1]:
                found.append((row, col))
    return found


def relative_change(after: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """Return how far each [n, d] state moved, as a share of its length [n]."""
    tiny = torch.finfo(torch.float32).tiny
    moved: torch.Tensor = (after - before).norm(dim=-1)
    lengths: torch.Tensor = before.norm(dim=-1).clamp_min(tiny)
    return moved / lengths


def spread(cells: Sequence[Cell], view: Geometry, count: int | None) -> list[Cell]:
    """Return ``count`` of the cells, those next to the grid's corners first, else by chance.

    The choice depends on the view alone; all cells if ``count`` is None.
    """
    if count is None or count >= len(cells):
        return list(cells)
    rows, cols = view.grid
    corners = [(0, 0), (0, cols - 1), (rows - 1, 0), (rows - 1, cols - 1)]
    nearest = [
        min(cells, key=lambda cell: abs(cell[0] - row) + abs(cell[1] - col)) for row, col in corners
    ]
    order = keyed_rng("painted cells", view.fingerprint()).permutation(len(cells))
    chosen = dict.fromkeys([*nearest, *(cells[int(place)] for place in order)])
    return sorted(list(chosen)[:count])


def _paint(trial: Trial, name: str, view: Geometry, before: torch.Tensor) -> Outcome:
    """Return whether every painted cell moved its own token more than any other of the view."""
    cells = image_cells(view)
    chosen = spread(cells, view, trial.cells)
    if not chosen:
        return outcome(False, "no cell shows any of the image", name)
    tokens = [index for index in view.token_indices() if 0 <= index < len(before)]
    wrong, margin = [], float("inf")
    for cell in chosen:
        image = painted(trial.image, [view.cell_box(*cell)], SHARE)
        after = trial.adapter.encode(image, (0,)).states[0]
        moved = (after - before).norm(dim=-1)
        own = view.token_index(*cell)
        others = moved[[index for index in tokens if index != own]]
        second = float(others.max()) if len(others) else 0.0
        first = float(moved[own]) if own < len(moved) else 0.0
        if first > second:
            margin = min(margin, first / second if second else margin)
        else:
            found = max(tokens, key=lambda index: float(moved[index])) if second else None
            wrong.append(f"cell {cell} claims token {own}, but {_moved(found, view)}")
    if wrong:
        return outcome(False, f"{len(wrong)} of {len(chosen)} cells: {wrong[0]}", name)
    return outcome(True, f"{len(chosen)} of {len(cells)} cells, {_lead(margin)}", name)


def _moved(index: int | None, view: Geometry) -> str:
    if index is None:
        return "no token moved"
    return f"token {index} of cell {view.cell_of_token(index)} moved more"


def _lead(margin: float) -> str:
    if margin == float("inf"):
        return "no other token moved"
    return f"own token moved {margin:.1f}x the next or more"
