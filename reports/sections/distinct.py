"""How many different words a lens shows, and which ones it repeats everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from reports.figures.records import Column, Line, LineChart, Mark, Table
from reports.image_sums import image_codes
from reports.outcomes import Outcomes
from reports.sections.base import Analysis, Evidence
from reports.sections.estimates import image_mean
from reports.sections.phrases import listed, percent

MOST_FREQUENT: Final = 5
"""Words listed per lens."""

_DEFINITION: Final = (
    "A cell is one patch described by one lens at one layer. Distinct words = mean, over cells "
    "with words, of the number of different words among the k shown, case ignored; 1 means one "
    "word k times. It needs no judge, and cells are counted whether they were scored or not. "
    "Bands: 95 %, resampling whole images; none where every image gives the same. Means over "
    "layers give each layer one vote. One word only = cells that show a single word k times / "
    "cells with at least two words. Frequent words: cells that show the word / cells with words, "
    "over all layers. LatentLens (arXiv 2602.00462) counts words as they come, repeated or not, "
    "and so does the rate."
)


class Distinct:
    """Lines of the mean number of distinct words, and the words found most often."""

    name = "distinct-words"
    title = "Distinct words"

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return the counts of the first board; None without words, or with one word a cell."""
        board = evidence.boards[0]
        found = {lens: _variety(evidence, board, lens) for lens in evidence.kinds}
        shown = {lens: variety for lens, variety in found.items() if variety is not None}
        most = max((variety.most for variety in shown.values()), default=0)
        if most < 2:
            return None
        chart = LineChart(
            name=self.name,
            title=f"Mean number of distinct words by layer, {evidence.model}",
            x_label="visual layer",
            y_label=f"distinct words of {most}, mean over cells",
            lines=tuple(
                Line(name=lens, style=evidence.styles[lens], marks=variety.marks)
                for lens, variety in shown.items()
            ),
            y_range=(0.0, float(most)),
        )
        return Analysis(
            name=self.name,
            title=self.title,
            finding=_finding(evidence, shown, most),
            definition=_DEFINITION,
            figures=(chart,),
            tables=(_summary(shown), _frequent(shown)),
        )


@dataclass(frozen=True, slots=True)
class _Variety:
    """The words of one lens."""

    most: int
    marks: tuple[Mark, ...]
    mean: float
    single: float | None
    frequent: tuple[tuple[str, float], ...]


def _variety(evidence: Evidence, board: Outcomes, lens: str) -> _Variety | None:
    images = image_codes([patch.image_id for patch in board.patches])
    marks: list[Mark] = []
    words: Counter[str] = Counter()
    most = cells = several = single = 0
    for layer in sorted(board.layers):
        said = [cell.words for cell in board.cells[lens, layer]]
        different = [{word.casefold() for word in each} for each in said]
        for each, found in zip(said, different, strict=True):
            words.update(found)
            most = max(most, len(each))
            several += len(each) > 1
            single += len(each) > 1 and len(found) == 1
        sizes = np.array([len(found) for found in different], dtype=np.float64)
        kept = sizes > 0
        value, low, high = image_mean(sizes[kept], images[kept], (1.0, np.inf), evidence.spec.seed)
        if value is not None:
            n = int(kept.sum())
            cells += n
            marks.append(Mark(x=float(layer), y=value, low=low, high=high, note=f"{n} cells"))
    if not marks:
        return None
    frequent = sorted(words.items(), key=lambda item: (-item[1], item[0]))[:MOST_FREQUENT]
    return _Variety(
        most=most,
        marks=tuple(marks),
        mean=sum(mark.y for mark in marks) / len(marks),
        single=single / several if several else None,
        frequent=tuple((word, count / cells) for word, count in frequent),
    )


def _finding(evidence: Evidence, shown: Mapping[str, _Variety], most: int) -> str:
    lenses = [lens for lens in evidence.lenses if lens in shown]
    if not lenses:
        return "No lens under test gave words."
    means = [f"{lens} {shown[lens].mean:.2f}" for lens in lenses]
    single = [
        f"{percent(share)} of the cells of {lens}"
        for lens in lenses
        if (share := shown[lens].single) is not None
    ]
    repeated = f" One word fills {listed(single)}." if single else ""
    return f"Distinct words of {most}, mean over layers: {listed(means)}.{repeated}"


def _summary(shown: Mapping[str, _Variety]) -> Table:
    return Table(
        name="distinct-words-means",
        caption="Distinct words, mean over layers, and cells that show one word only.",
        columns=(
            Column(name="lens"),
            Column(name="words shown", numeric=True),
            Column(name="distinct words", numeric=True),
            Column(name="one word only, share of cells", numeric=True),
        ),
        rows=tuple(
            (lens, variety.most, variety.mean, variety.single) for lens, variety in shown.items()
        ),
    )


def _frequent(shown: Mapping[str, _Variety]) -> Table:
    return Table(
        name="frequent-words",
        caption="Words found in most cells, case ignored: a word that is everywhere says little.",
        columns=(
            Column(name="lens"),
            Column(name="word"),
            Column(name="share of cells", numeric=True),
        ),
        rows=tuple(
            (lens, word, share)
            for lens, variety in shown.items()
            for word, share in variety.frequent
        ),
    )


SECTION: Final = Distinct()
"""The analysis as the registry knows it."""
