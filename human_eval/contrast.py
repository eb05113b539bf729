"""Lens against lens on the same patches: does a judge make a difference larger than people do?"""

from __future__ import annotations

from itertools import combinations
from statistics import fmean
from typing import NamedTuple

import numpy as np

from harness.core.agreement import Contrast
from human_eval.common_items import common
from human_eval.evidence import Evidence
from human_eval.rates import mean_difference


class _Cell(NamedTuple):
    """The verdicts on one lens at one pair, and where it is."""

    people: float
    judge: float
    weight: float
    image: str


def contrasts(evidence: Evidence, judge: str) -> tuple[Contrast, ...]:
    """Return the difference of every two lenses under test that have pairs in common.

    Definition: at each pair (a patch at one layer) for which both lenses have a verdict of people
    and of the judge, hit of the first minus hit of the second, by people and by the judge; means
    with the mean of the two cells' weights. Inflation is the mean of the judge's difference minus
    people's. If a lens has several cells at one pair, their mean verdict counts.
    """
    found = _cells(evidence, judge)
    return tuple(
        _contrast(evidence, first, second, found[first], found[second])
        for first, second in combinations(sorted(found), 2)
        if not found[first].keys().isdisjoint(found[second])
    )


def _cells(evidence: Evidence, judge: str) -> dict[str, dict[str, _Cell]]:
    """Return lens to pair to verdicts, where people and the judge have one."""
    tested = evidence.tested
    people, judged = evidence.people(), evidence.judge(judge)
    used = common(tested, people, judged)
    several: dict[tuple[str, str], list[_Cell]] = {}
    for row in np.flatnonzero(used):
        item = evidence.items[row]
        for cell in item.cells:
            if cell.kind == "lens" and cell.pair:
                several.setdefault((cell.lens, cell.pair), []).append(
                    _Cell(people[row], judged[row], cell.weight, item.image_id)
                )
    found: dict[str, dict[str, _Cell]] = {}
    for (lens, pair), cells in several.items():
        found.setdefault(lens, {})[pair] = _Cell(
            fmean(cell.people for cell in cells),
            fmean(cell.judge for cell in cells),
            fmean(cell.weight for cell in cells),
            cells[0].image,
        )
    return found


def _contrast(
    evidence: Evidence, first: str, second: str, ours: dict[str, _Cell], theirs: dict[str, _Cell]
) -> Contrast:
    pairs = [(ours[pair], theirs[pair]) for pair in sorted(ours.keys() & theirs.keys())]
    human = np.array([one.people - other.people for one, other in pairs])
    machine = np.array([one.judge - other.judge for one, other in pairs])
    weights = np.array([(one.weight + other.weight) / 2 for one, other in pairs])
    images = [one.image for one, _ in pairs]
    return Contrast(
        first=first,
        second=second,
        pairs=len(pairs),
        human=mean_difference(human, weights, images, seed=evidence.seed),
        judge=mean_difference(machine, weights, images, seed=evidence.seed),
        inflation=mean_difference(machine - human, weights, images, seed=evidence.seed),
    )
