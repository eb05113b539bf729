"""Checks of the declared grid: as many tokens as the model has, and each claimed once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from harness.core.errors import UsageError
from harness.vlms.conformance.trial import Outcome, Trial, outcome
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout


def token_count(trial: Trial) -> Iterator[Outcome]:
    """Compare the states of the model with the layout that is known without running it."""
    facts, states = trial.adapter.facts, trial.tokens.states[0]
    expected = (trial.layout.total, facts.hidden)
    if tuple(states.shape) != expected:
        yield outcome(False, f"states {tuple(states.shape)}, declared {expected}")
    elif trial.tokens.geometry != trial.adapter.geometry(*trial.size):
        yield outcome(False, "the encoded image has another geometry than its size")
    else:
        yield outcome(True, f"{expected[0]} tokens, width {expected[1]}")


def view_coverage(trial: Trial) -> Iterator[Outcome]:
    """See whether views and separators together hold every token of the image once."""
    layout = trial.layout
    fault = _fault(layout, trial.size)
    if fault is None and trial.adapter.geometry(*trial.size) not in layout.views.values():
        fault = "geometry() is none of the views of layout()"
    cells = sum(view.tokens for view in dict.fromkeys(layout.views.values()))
    counts = f"{cells} cells + {len(layout.separators)} separators of {layout.total} tokens"
    yield outcome(fault is None, fault or counts)


def _fault(layout: TokenLayout, size: tuple[int, int]) -> str | None:
    """Return what is wrong with the views; None if nothing is."""
    if "global" not in layout.views:
        return f"no view is called global, there is {', '.join(layout.views) or 'none'}"
    for name, view in layout.views.items():
        if view.image_size != size:
            return f"view {name} is of an image of {view.image_size[0]}x{view.image_size[1]}"
        if fault := _view_fault(view, layout):
            return f"view {name}: {fault}"
    # An image without tiles may have the same view under both names.
    for one, other in combinations(dict.fromkeys(layout.views.values()), 2):
        if shared := set(one.token_indices()) & set(other.token_indices()):
            return f"token {min(shared)} is claimed by two views"
    return None


def _view_fault(view: Geometry, layout: TokenLayout) -> str | None:
    rows, cols = view.grid
    for row in range(rows):
        for col in range(cols):
            index = view.token_index(row, col)
            if not 0 <= index < layout.total:
                return f"cell ({row}, {col}) claims token {index} of {layout.total}"
            if view.cell_of_token(index) != (row, col):
                return f"token {index} of cell ({row}, {col}) is taken to another cell"
    for index in layout.separators:
        if _claims(view, index):
            return f"separator {index} is taken to a cell"
    return None


def _claims(view: Geometry, index: int) -> bool:
    try:
        view.cell_of_token(index)
    except UsageError:
        return False
    return True
