"""Whether a lens is right more often where its similarity is high."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from harness.core.bootstrap import Floats
from reports.figures.records import Column, Line, LineChart, Mark, Table
from reports.image_sums import image_codes
from reports.outcomes import HEADLINE, Cell, Outcomes
from reports.sections.base import Analysis, Evidence
from reports.sections.concordance import Bin, Scored, auc, binned, correlation
from reports.sections.estimates import UNDEFINED, Estimate
from reports.sections.phrases import listed

BINS: Final = 10
"""Points of each curve."""

_DEFINITION: Final = (
    "Cells: the score of a patch's first word against whether the patch is a hit (any of its words "
    "concrete, abstract or global). Words: the score of every word against whether that word is "
    "related. Scores of different layers, or of different lenses, are not on one scale (a cosine "
    "can grow with depth, a logit has no bounds), so a score only counts by its rank among the "
    "scored items of the same lens and layer: (lower scores + half of the equal ones) / items, 0 "
    "to 1. Curves: items of all layers in ten bins of rank, share of hits in each; bands are 95 %, "
    "resampling whole images. AUC: of all pairs of a hit and a miss at one layer, the share in "
    "which the hit has the higher score, equal scores counting half; 0.5 says nothing, 1 separates "
    "(Harrell's concordance with layers as strata; interval over whole images, Obuchowski 1997). "
    "Spearman: correlation of that rank with the rank, within the layer, of the number of related "
    "words. Unscored items and words without a score are left out. Not in the paper."
)


class Calibration:
    """Curves of the rate over the rank of the score, and how far scores order hits first."""

    name = "calibration"
    title = "Similarity against verdict"

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return the curves of the first board; None if unjudged or without scores."""
        for board in evidence.judged[:1]:
            scores = np.array(evidence.descriptions["score"], dtype=np.float64)
            found = {
                unit: {
                    lens: _relation(board, lens, items_of, scores, evidence.spec.seed)
                    for lens in evidence.kinds
                }
                for unit, items_of in _ITEMS.items()
            }
            shown = {
                unit: {lens: each for lens, each in by_lens.items() if each.bins}
                for unit, by_lens in found.items()
            }
            if shown["cells"]:
                return Analysis(
                    name=self.name,
                    title=self.title,
                    finding=_finding(evidence, shown["cells"]),
                    definition=_DEFINITION,
                    figures=tuple(_chart(evidence, unit, shown[unit]) for unit in shown),
                    tables=(_table(shown),),
                    notes=(
                        f"Judge: {board.judge}. Controls are in the table; that of a shuffled "
                        "control shows how much of a lens's curve owes to the words alone, "
                        "because its words keep their scores and lose their patch.",
                    ),
                )
        return None


@dataclass(frozen=True, slots=True)
class _Relation:
    """Scores of one lens against verdicts."""

    bins: tuple[Bin, ...]
    n: int
    auc: Estimate
    spearman: Estimate


_Items: TypeAlias = tuple[list[int], list[float], list[int]]
"""Rows of the description table, 1 for a hit and 0 for a miss, number of related words."""

_Found: TypeAlias = Mapping[str, _Relation]


def _cell_items(cell: Cell) -> _Items:
    """Return the first word of a scored cell."""
    if not cell.rows or cell.unscored(HEADLINE):
        return [], [], []
    related = sum(relation not in (None, "none") for relation in cell.relations)
    return [cell.rows[0]], [cell.hit(HEADLINE)], [related]


def _word_items(cell: Cell) -> _Items:
    """Return every word of a scored cell that has a relation."""
    if not cell.relations or cell.unscored(HEADLINE):
        return [], [], []
    pairs = [pair for pair in zip(cell.rows, cell.relations, strict=True) if pair[1] is not None]
    related = [int(relation != "none") for _, relation in pairs]
    return [row for row, _ in pairs], list(map(float, related)), related


_ITEMS: Final[Mapping[str, Callable[[Cell], _Items]]] = {
    "cells": _cell_items,
    "words": _word_items,
}


def _relation(
    board: Outcomes, lens: str, items_of: Callable[[Cell], _Items], scores: Floats, seed: int
) -> _Relation:
    owners = image_codes([patch.image_id for patch in board.patches])
    rows: list[int] = []
    hits: list[float] = []
    related: list[int] = []
    counts: list[int] = []
    for layer in board.layers:
        for cell in board.cells[lens, layer]:
            own_rows, own_hits, own_related = items_of(cell)
            rows += own_rows
            hits += own_hits
            related += own_related
            counts.append(len(own_rows))
    given = scores[np.array(rows, dtype=np.int64)]
    kept = np.isfinite(given)
    if not kept.any():
        return _Relation((), 0, UNDEFINED, UNDEFINED)
    found = Scored(
        scores=given[kept],
        hits=np.array(hits)[kept],
        strata=np.repeat(np.repeat(board.layers, len(owners)), counts)[kept],
        images=np.repeat(np.tile(owners, len(board.layers)), counts)[kept],
    )
    return _Relation(
        bins=binned(found, BINS, seed),
        n=len(found.scores),
        auc=auc(found, seed),
        spearman=correlation(found.scores, np.array(related, dtype=np.float64)[kept], found, seed),
    )


def _chart(evidence: Evidence, unit: str, found: _Found) -> LineChart:
    return LineChart(
        name=f"calibration-{unit}",
        title=f"Share of related {unit} by the rank of their score, {evidence.model}",
        x_label="rank of the score within lens and layer, 0 lowest, 1 highest",
        y_label=f"related {unit}, share",
        lines=tuple(
            Line(name=lens, style=evidence.styles[lens], marks=tuple(map(_mark, found[lens].bins)))
            for lens in evidence.lenses
            if lens in found
        ),
        categorical=False,
    )


def _mark(each: Bin) -> Mark:
    low, high = each.interval or (None, None)
    return Mark(x=each.rank, y=each.rate, low=low, high=high, note=f"n = {each.n}")


def _finding(evidence: Evidence, found: _Found) -> str:
    groups: dict[str, list[str]] = {}
    for lens in evidence.lenses:
        if lens in found:
            reading, figures = _reading(found[lens].auc)
            groups.setdefault(reading, []).append(f"{lens}{figures}")
    if not groups:
        return "No lens under test has scores and verdicts."
    return " ".join(f"{reading} {listed(lenses)}." for reading, lenses in groups.items())


def _reading(found: Estimate) -> tuple[str, str]:
    """Return what an AUC says of a lens, and its figures."""
    if found.value is None:
        return "A patch that is a hit never meets one that is a miss at one layer for", ""
    if found.low is None or found.high is None:
        return "Without an interval, nothing can be said for", f" (AUC {found.value:.2f})"
    figures = f" (AUC {found.value:.2f} [{found.low:.2f}, {found.high:.2f}])"
    if found.low > 0.5:
        return "A higher score goes with a higher rate for", figures
    if found.high < 0.5:
        return "A higher score goes with a lower rate for", figures
    return "The score tells nothing about the verdict beyond chance for", figures


def _table(found: Mapping[str, _Found]) -> Table:
    headings = ("n", "AUC", "AUC low", "AUC high", "Spearman", "Spearman low", "Spearman high")
    return Table(
        name="score-against-verdict",
        caption="How far scores order hits before misses at the same layer.",
        columns=(
            Column(name="lens"),
            Column(name="of"),
            *(Column(name=heading, numeric=True) for heading in headings),
        ),
        rows=tuple(
            (lens, unit, each.n, *each.auc, *each.spearman)
            for unit, by_lens in found.items()
            for lens, each in by_lens.items()
        ),
    )


SECTION: Final = Calibration()
"""The analysis as the registry knows it."""
