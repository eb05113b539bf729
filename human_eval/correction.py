"""Rates of a board beside what they would be if people had judged all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.core.agreement import Correction, Estimate
from harness.core.bootstrap import Floats
from harness.core.records import LensKind
from human_eval.joint_sums import joint_sums
from human_eval.prediction_powered import prediction_powered
from human_eval.rates import rate
from human_eval.rogan_gladen import rogan_gladen
from human_eval.unseen_errors import with_unseen_errors

LEAST_LABELS = 20
"""Cells with a verdict of people below which nothing is corrected."""

LEAST_EACH = 5
"""Hits, and misses, by people below which the judge's errors are not measured."""

LEAST_IMAGES = 10
"""Images with labels below which intervals are not to be trusted."""


@dataclass(frozen=True, slots=True)
class BoardLens:
    """Cells of one lens as one judge scored them, some of them rated by people too."""

    judge: str
    """Judge."""
    lens: str
    """Lens or control."""
    kind: LensKind
    """Lens under test or control."""
    band: str
    """Group of layers; empty for all layers."""
    images: Sequence[str]
    """Image of each cell, [n]."""
    judged: Floats
    """1 hit, 0 miss by the judge, NaN unscored, [n]."""
    labelled: Floats
    """1 hit, 0 miss by people where a cell was drawn and rated, else NaN, [n]."""
    weights: Floats
    """1 over the chance to be drawn where people rated, anything elsewhere, [n]."""


def correct(lens: BoardLens, *, seed: int = 0) -> Correction:
    """Return the judge's rate of a lens, and what people's labels make of it.

    The corrected rates estimate what the people who rated would say of all cells that the judge
    scored; if people err, so do they. Intervals are for images of the kind that the board has.
    Cells that the judge left unscored are in none of the figures, labelled or not: the corrected
    rates hold for the whole board only if people's hits are as frequent among these. Where no label
    shows an error of the judge, intervals allow for errors too rare to have been met.
    Degenerate: corrections are refused with fewer than 20 labelled cells, fewer than 5 hits or 5
    misses by people among them, or labels on fewer than 10 images; Rogan and Gladen's also where
    the judge cannot be told from one that guesses. The result does not depend on the order of the
    cells.
    """
    scored = ~np.isnan(lens.judged)
    images = [name for name, used in zip(lens.images, scored, strict=True) if used]
    judged, labelled = lens.judged[scored], lens.labelled[scored]
    rated = ~np.isnan(labelled)
    labels = int(rated.sum())
    raw = rate(judged, np.ones_like(judged), images, seed=seed)
    named = {name for name, used in zip(images, rated, strict=True) if used}
    reason = _too_few(labelled[rated], len(named))
    if reason:
        refused = Estimate(estimate=None, n=labels, reason=f"refused: {reason}")
        corrected = refused, refused
    else:
        sums = joint_sums(judged, labelled, lens.weights[scored], images)
        corrected = (
            with_unseen_errors(rogan_gladen(sums, labels, seed), judged, labelled, images),
            with_unseen_errors(prediction_powered(sums, labels, seed), judged, labelled, images),
        )
    return Correction(
        judge=lens.judge,
        lens=lens.lens,
        kind=lens.kind,
        band=lens.band,
        cells=len(judged),
        labels=labels,
        raw=raw,
        rogan_gladen=corrected[0],
        ppi=corrected[1],
    )


def _too_few(people: Floats, images: int) -> str:
    """Return why ``people``'s verdicts on ``images`` images are too few; empty if they are not."""
    labels, hits = len(people), int(people.sum())
    if labels < LEAST_LABELS:
        return f"{labels} labelled cells; at least {LEAST_LABELS} are needed"
    if min(hits, labels - hits) < LEAST_EACH:
        return (
            f"people call {hits} of {labels} labelled cells hits; at least {LEAST_EACH} hits and "
            f"{LEAST_EACH} misses are needed"
        )
    if images < LEAST_IMAGES:
        return f"labels are on {images} images; at least {LEAST_IMAGES} are needed"
    return ""
