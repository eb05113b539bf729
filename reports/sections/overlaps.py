"""How far lenses show the same words, and whether they are right about the same patches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from reports.figures.records import (
    Column,
    HeatMap,
    Line,
    LineChart,
    Mark,
    StackedBars,
    StackPart,
    Table,
)
from reports.image_sums import image_codes
from reports.outcomes import HEADLINE, Outcomes
from reports.sections.base import Analysis, Evidence
from reports.sections.estimates import Estimate, image_mean
from reports.sections.phrases import counted, percent

MOST_PAIRS: Final = 6
"""Pairs of lenses drawn as lines: as many as there are colours."""

_DEFINITION: Final = (
    "Words: for one patch at one layer, A and B are the sets of words that two lenses show, case "
    "ignored. Jaccard = words in both / words in either, from 0 (none in common) to 1 (the same "
    "words); common = number of words in both. Both are means over the patches for which both "
    "lenses gave words, at each layer; the map and the table give the mean over layers, each layer "
    "one vote. Bands: 95 %, resampling whole images; none where every image gives the same. What "
    "controls have in common with a lens is what chance gives. Verdicts: of the patches and layers "
    "scored for both lenses, the shares on which both, only one or neither is interpretable. "
    "Source: LatentLens (arXiv 2602.00462) counts the common words of two variants of one lens in "
    "its table of ablations; the map of all lenses is not in the paper."
)

_VERDICTS: Final = (
    ("both", "lens-0"),
    ("only the first", "lens-1"),
    ("only the second", "lens-2"),
    ("neither", "none"),
)
"""Parts of a bar with their styles."""


class LensOverlap:
    """A map of common words of all lenses and controls, lines by layer, and shared verdicts."""

    name = "overlap"
    title = "Overlap of lenses"

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return the overlap of words, and of verdicts where there are any; None for one lens."""
        board = evidence.boards[0]
        sets = _word_sets(board)
        common = {
            pair: found
            for pair in combinations(evidence.kinds, 2)
            if (found := _common(evidence, board, sets, pair)).marks
        }
        pairs = [pair for pair in common if set(pair) <= set(evidence.lenses)]
        if not pairs:
            return None
        verdicts = {
            pair: shares
            for pair in pairs
            if board in evidence.judged and (shares := _verdicts(board, pair)) is not None
        }
        bars = (_bars(evidence, verdicts),) if verdicts else ()
        return Analysis(
            name=self.name,
            title=self.title,
            finding=_finding(pairs, common, verdicts),
            definition=_DEFINITION,
            figures=(_heat_map(evidence, common), _chart(evidence, pairs, common), *bars),
            tables=(_table(common, verdicts),),
            notes=_notes(board, pairs, bool(verdicts)),
        )


Pair = tuple[str, str]
"""Two lenses, in the order of the run."""


@dataclass(frozen=True, slots=True)
class _Common:
    """Words that two lenses have in common."""

    marks: tuple[Mark, ...]
    jaccard: float
    common: float


@dataclass(frozen=True, slots=True)
class _Shares:
    """Shares of cells by the verdicts of two lenses, in the order of the parts of a bar."""

    shares: tuple[float, float, float, float]
    n: int


def _word_sets(board: Outcomes) -> dict[tuple[str, int], list[frozenset[str]]]:
    """Return the words of each cell as a set, case ignored."""
    folded: dict[str, str] = {}
    return {
        place: [
            frozenset(folded.setdefault(word, word.casefold()) for word in cell.words)
            for cell in cells
        ]
        for place, cells in board.cells.items()
    }


def _common(
    evidence: Evidence,
    board: Outcomes,
    sets: Mapping[tuple[str, int], list[frozenset[str]]],
    pair: Pair,
) -> _Common:
    """Compare two lenses at every layer at which both gave words."""
    images = image_codes([patch.image_id for patch in board.patches])
    drawn = set(pair) <= set(evidence.lenses)
    marks: list[Mark] = []
    commons: list[float] = []
    for layer in sorted(board.layers):
        both = [
            (len(a & b), len(a), len(b))
            for a, b in zip(sets[pair[0], layer], sets[pair[1], layer], strict=True)
        ]
        shared, first, second = np.array(both, dtype=np.float64).T
        kept = (first > 0) & (second > 0)
        if not kept.any():
            continue
        jaccard = (shared / np.maximum(first + second - shared, 1))[kept]
        mean = Estimate(float(jaccard.mean()), None, None)
        if drawn:
            mean = image_mean(jaccard, images[kept], (0.0, 1.0), evidence.spec.seed)
        marks.append(Mark(x=float(layer), y=mean.value or 0.0, low=mean.low, high=mean.high))
        commons.append(float(shared[kept].mean()))
    return _Common(tuple(marks), _mean(mark.y for mark in marks), _mean(commons))


def _mean(values: Iterable[float]) -> float:
    given = list(values)
    return sum(given) / len(given) if given else 0.0


def _verdicts(board: Outcomes, pair: Pair) -> _Shares | None:
    first, second = (board.hits(lens, None, HEADLINE) for lens in pair)
    scored = ~(np.isnan(first) | np.isnan(second))
    n = int(scored.sum())
    if n == 0:
        return None
    a, b = first[scored] == 1, second[scored] == 1
    cases = (a & b, a & ~b, ~a & b, ~a & ~b)
    both, one, other, neither = (float(case.sum()) / n for case in cases)
    return _Shares((both, one, other, neither), n)


def _heat_map(evidence: Evidence, common: Mapping[Pair, _Common]) -> HeatMap:
    names = [lens for lens in evidence.kinds if any(lens in pair for pair in common)]
    ordered = sorted(names, key=lambda lens: evidence.kinds[lens] == "control")
    both_ways = {**common, **{(b, a): found for (a, b), found in common.items()}}
    return HeatMap(
        name="overlap-words",
        title=f"Words in common, Jaccard, mean over layers, {evidence.model}",
        x_label="lens or control",
        y_label="lens or control",
        columns=tuple(ordered),
        rows=tuple(reversed(ordered)),
        values=tuple(
            tuple(
                both_ways[row, column].jaccard if (row, column) in both_ways else None
                for column in ordered
            )
            for row in reversed(ordered)
        ),
    )


def _named(pair: Pair) -> str:
    return f"{pair[0]} and {pair[1]}"


def _chart(evidence: Evidence, pairs: list[Pair], common: Mapping[Pair, _Common]) -> LineChart:
    return LineChart(
        name="overlap-by-layer",
        title=f"Words in common by layer, Jaccard, {evidence.model}",
        x_label="visual layer",
        y_label="words in both / words in either, mean over patches",
        lines=tuple(
            Line(name=_named(pair), style=f"lens-{index}", marks=common[pair].marks)
            for index, pair in enumerate(pairs[:MOST_PAIRS])
        ),
    )


def _bars(evidence: Evidence, verdicts: Mapping[Pair, _Shares]) -> StackedBars:
    return StackedBars(
        name="overlap-verdicts",
        title=f"Patches on which both lenses, one or neither is interpretable, {evidence.model}",
        x_label="two lenses; share of the patches and layers scored for both",
        bars=tuple(_named(pair) for pair in verdicts),
        parts=tuple(
            StackPart(
                name=name,
                style=style,
                values=tuple(found.shares[index] for found in verdicts.values()),
            )
            for index, (name, style) in enumerate(_VERDICTS)
        ),
    )


def _finding(
    pairs: list[Pair], common: Mapping[Pair, _Common], verdicts: Mapping[Pair, _Shares]
) -> str:
    most = max(pairs, key=lambda pair: common[pair].jaccard)
    said = (
        f"Of all pairs of lenses {_named(most)} have most words in common: "
        f"{common[most].common:.2f} a patch (Jaccard {common[most].jaccard:.2f}, mean over layers)."
        if len(pairs) > 1
        else f"{_named(most)} have {common[most].common:.2f} words in common a patch "
        f"(Jaccard {common[most].jaccard:.2f}, mean over layers)."
    )
    if most not in verdicts:
        return said
    both, one, other, neither = verdicts[most].shares
    return (
        f"{said} Both are interpretable on {percent(both)} of the patches, {most[0]} alone on "
        f"{percent(one)}, {most[1]} alone on {percent(other)} and neither on {percent(neither)}."
    )


def _table(common: Mapping[Pair, _Common], verdicts: Mapping[Pair, _Shares]) -> Table:
    headings = ("common words", "Jaccard", *(name for name, _ in _VERDICTS), "scored for both")
    return Table(
        name="overlap-means",
        caption="Words in common, mean over layers, and shares of patches by both verdicts.",
        columns=(
            Column(name="first"),
            Column(name="second"),
            *(Column(name=heading, numeric=True) for heading in headings),
        ),
        rows=tuple(
            (*pair, found.common, found.jaccard, *_cells(verdicts.get(pair)))
            for pair, found in common.items()
        ),
    )


def _cells(found: _Shares | None) -> tuple[float | int | None, ...]:
    return (*found.shares, found.n) if found else (None,) * (len(_VERDICTS) + 1)


def _notes(board: Outcomes, pairs: list[Pair], judged: bool) -> tuple[str, ...]:
    notes = [f"Verdicts of {board.judge}."] if judged else []
    if len(pairs) > MOST_PAIRS:
        notes.append(
            f"Lines are drawn for the first {counted(MOST_PAIRS, 'pair')}; the table has all "
            f"{len(pairs)} pairs of lenses."
        )
    return tuple(notes)


SECTION: Final = LensOverlap()
"""The analysis as the registry knows it."""
