"""The cells of one image: their words by number, and what judges said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from harness.core.records import Relation
from reports.explorer.columns import Bytes, Ints
from reports.explorer.pack import Column, cells_data

RELATIONS: Final[tuple[Relation, ...]] = ("concrete", "abstract", "global", "none")
"""Relations by their code; one more stands for a word without one."""

NO_RELATION: Final = len(RELATIONS)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What one judge said; Q questions are cells x lenses x layers, W their words."""

    status: Bytes
    """[Q] place among the statuses."""
    hit: Bytes
    """[Q] 0 miss, 1 hit, 2 unscored, by the headline definition."""
    relation: Bytes
    """[W] place in :data:`RELATIONS`, or :data:`NO_RELATION`."""
    reason: Ints
    """[Q] 0, or 1 + place among the reasonings, which are numbered as they first appear."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one image; questions are ordered by cell, then lens, then layer."""

    row: Ints
    """[cells] grid row."""
    col: Ints
    """[cells] grid column."""
    count: Ints
    """[Q] words."""
    answer: Ints
    """[W] number of the answer, best rank first."""
    score: Bytes
    """[W] score on the scale of its lens."""
    verdicts: tuple[Verdicts, ...] = ()
    """One per judge."""

    def first(self, words: int) -> Cells:
        """Return these cells with the first ``words`` words of each question, without verdicts."""
        starts = np.cumsum(self.count) - self.count
        rank = np.arange(len(self.answer)) - np.repeat(starts, self.count)
        kept = rank < words
        return replace(
            self,
            count=np.minimum(self.count, words),
            answer=self.answer[kept],
            score=self.score[kept],
            verdicts=(),
        )

    def packed(self, header: Mapping[str, object], answers: Ints, *, scores: bool) -> bytes:
        """Return the chunk of these cells.

        Args:
            header: Its ``lenses``, ``layers`` and ``k``.
            answers: [all answers] their numbers in the page.
            scores: Whether scores are kept.
        """
        columns = [
            Column("row", self.row),
            Column("col", self.col),
            Column("count", self.count),
            Column("answer", answers[self.answer], least="u16"),
        ]
        if scores:
            columns.append(Column("score", self.score))
        for judge, verdicts in enumerate(self.verdicts):
            columns += [
                Column(f"status{judge}", verdicts.status),
                Column(f"hit{judge}", verdicts.hit),
                Column(f"relation{judge}", verdicts.relation),
                Column(f"reason{judge}", verdicts.reason, least="u32"),
            ]
        return cells_data(header, columns)
