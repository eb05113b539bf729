"""Which lens is ahead at which layer, and where one overtakes another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final

import numpy as np

from reports.figures.records import Column, Table
from reports.holm import holm
from reports.image_sums import ImageSums, image_codes, image_sums
from reports.outcomes import HEADLINE, Outcomes
from reports.sections.base import Evidence
from reports.sections.phrases import listed
from reports.sign_flip import sign_flip
from reports.stats import difference_interval

ALPHA: Final = 0.05
"""Corrected p-value below which a lens is said to be ahead."""


@dataclass(frozen=True, slots=True)
class Lead:
    """Two lenses at one layer, the one with the higher rate first."""

    layer: int
    """Visual layer."""
    first: str
    """Lens with the higher rate."""
    second: str
    """Lens compared with it."""
    difference: float
    """Rate of the first minus that of the second, on the patches scored for both."""
    low: float | None
    """Lower end of its 95 % interval."""
    high: float | None
    """Upper end of it."""
    p: float
    """Corrected p-value."""

    @property
    def decided(self) -> bool:
        """Whether the first is ahead beyond chance."""
        return self.p < ALPHA


def leads(evidence: Evidence, board: Outcomes) -> list[Lead]:
    """Compare every pair of lenses at every layer at which both were scored on a patch.

    Definition: the difference is the mean over the patches scored for both, its interval that of
    :func:`reports.stats.difference_interval`, and p that of :func:`reports.sign_flip.sign_flip`
    corrected by :func:`reports.holm.holm` for all comparisons returned.

    Returns:
        Comparisons by rising layer, then by pair in the order of the run.
    """
    codes = image_codes([patch.image_id for patch in board.patches])
    found: list[tuple[int, str, str, ImageSums]] = []
    for layer in sorted(board.layers):
        values = {lens: board.hits(lens, layer, HEADLINE) for lens in evidence.lenses}
        for first, second in combinations(evidence.lenses, 2):
            sums = image_sums(values[first] - values[second], codes)
            if sums is not None:
                found.append((layer, first, second, sums))
    if not found:
        return []
    seed = evidence.spec.seed
    p_values = sign_flip(np.stack([sums.shares for *_, sums in found], axis=1), seed)
    corrected = holm(p_values.tolist())
    return [_lead(*each, p, seed) for each, p in zip(found, corrected, strict=True)]


def _lead(layer: int, first: str, second: str, sums: ImageSums, p: float, seed: int) -> Lead:
    low, high = difference_interval(sums, seed) or (None, None)
    if sums.mean >= 0:
        return Lead(layer, first, second, sums.mean, low, high, p)
    if low is None or high is None:
        return Lead(layer, second, first, -sums.mean, None, None, p)
    return Lead(layer, second, first, -sums.mean, -high, -low, p)


def overtaking(compared: Sequence[Lead]) -> str:
    """Say where a lens that was ahead beyond chance falls behind; empty without two lenses.

    Args:
        compared: Every pair of lenses at every layer, by rising layer.
    """
    decided: dict[frozenset[str], list[Lead]] = {}
    for lead in compared:
        if lead.decided:
            decided.setdefault(frozenset((lead.first, lead.second)), []).append(lead)
    changes = [
        f"{after.first} overtakes {after.second} between layers {before.layer} and {after.layer}"
        for pair in decided.values()
        for before, after in pairwise(pair)
        if before.first != after.first
    ]
    if changes:
        return f"Beyond chance, {listed(changes)}."
    return "No lens overtakes another beyond chance." if compared else ""


def leads_table(compared: Sequence[Lead]) -> Table:
    """Return the comparisons as a table of the page."""
    return Table(
        name="leads-by-layer",
        caption="Difference of every pair of lenses at each layer, the higher one first.",
        columns=(
            Column(name="layer", numeric=True),
            Column(name="higher"),
            Column(name="lower"),
            Column(name="difference", numeric=True),
            Column(name="low", numeric=True),
            Column(name="high", numeric=True),
            Column(name="p, Holm", numeric=True),
            Column(name="beyond chance"),
        ),
        rows=tuple(
            (
                lead.layer,
                lead.first,
                lead.second,
                lead.difference,
                lead.low,
                lead.high,
                lead.p,
                "yes" if lead.decided else "no",
            )
            for lead in compared
        ),
    )
