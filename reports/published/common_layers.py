"""A run's scores on the layers that the paper has for its model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from harness.core.records import LensKind, RunSpec, Score
from reports.outcomes import Outcomes
from reports.published.paper import Paper
from reports.scoring import score_outcomes


def published_layers(paper: Paper, model: str) -> tuple[int, ...]:
    """Return the visual layers with a published rate, by the published name of the model."""
    wanted = (model, "none")
    return tuple(sorted({c.layer for c in paper.cells if (c.model, c.variant) == wanted}))


def scores_on(
    layers: Collection[int],
    board: Outcomes,
    spec: RunSpec,
    kinds: Mapping[str, LensKind],
    same_layers: Collection[int] = (),
) -> list[Score]:
    """Return the scores of a run as if it had only those of its layers that are in ``layers``.

    The means over layers are then those of the paper's layers, with intervals of their own.

    Args:
        layers: Layers to keep.
        board: Outcomes of one judge or panel.
        spec: The run.
        kinds: Lens or control to its kind.
        same_layers: Layers whose states are practically those of layer 0.
    """
    kept = tuple(layer for layer in board.layers if layer in layers)
    return score_outcomes(
        replace(board, layers=kept),
        spec.model_copy(update={"layers": kept}),
        kinds,
        [layer for layer in same_layers if layer in kept],
    )
