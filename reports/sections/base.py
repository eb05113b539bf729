"""What an analysis of the report is: made from a run, defined under its plot, drawn by the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.core.measures import Measures
from harness.core.records import LensKind, Record, RunSpec, Score
from reports.figures.records import Figure, Table
from reports.outcomes import Columns, Outcomes
from reports.published.paper import Paper


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything of one run that an analysis may look at."""

    model: str
    """Model as the page names it."""
    spec: RunSpec
    """The run."""
    kinds: Mapping[str, LensKind]
    """Lens or control name to its kind, in the order of the run."""
    styles: Mapping[str, str]
    """Lens or control name to style class, see :func:`reports.templating.lens_styles`."""
    boards: Sequence[Outcomes]
    """Panels, then judges; only judge ``none`` if nothing was judged."""
    descriptions: Columns
    """Description records by column."""
    scores: Sequence[Score]
    """Scores of all boards."""
    measures: Measures | None = None
    """Measurements of the states; None if they were not made."""
    paper: Paper | None = None
    """Published figures to show behind our own; None to leave them out."""
    published_model: str | None = None
    """Name of this model in the published tables; None if it is not there."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Options of optional analyses by name."""

    @property
    def judged(self) -> tuple[Outcomes, ...]:
        """The boards that were judged."""
        return tuple(board for board in self.boards if board.judge != "none")

    @property
    def lenses(self) -> tuple[str, ...]:
        """Lenses under test, in the order of the run."""
        return tuple(name for name, kind in self.kinds.items() if kind == "lens")


class Analysis(Record):
    """One analysis of one run, ready to be drawn."""

    name: str
    """Registered name of the section."""
    title: str
    """Heading."""
    finding: str
    """What the figures say, in one or two plain sentences made from them."""
    definition: str
    """How it is computed: formula, denominators, what is left out, source. Shown under the plot."""
    figures: tuple[Figure, ...] = ()
    """Plots; each also has a table with the same numbers, made from it."""
    tables: tuple[Table, ...] = ()
    """Further tables."""
    notes: tuple[str, ...] = ()
    """What a reader must know before believing it."""


class Section(Protocol):
    """A registered analysis; the group of third parties is ``lensbench.sections``."""

    name: str
    """Registered name."""
    title: str
    """Heading."""

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return the analysis, or None if the run has nothing to show for it."""
        ...
