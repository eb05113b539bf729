"""A finished run, read for reports and comparisons: no model, corpus, judge or key is needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from harness.core.config import JudgingOptions
from harness.core.errors import DataError, LensbenchError, UsageError
from harness.core.ids import digest
from harness.core.measures import Measures
from harness.core.records import ImageRecord, Judgement, LensKind, RunSpec, Score
from harness.core.rundir import RunDir, RunPaths
from harness.core.tables import read_table
from harness.data.sources import ImageSource, open_source
from harness.data.sources.absent import AbsentSource
from harness.pipeline.context import RunContext
from harness.pipeline.judging import Judging, judgings
from harness.pipeline.kept_measures import kept_measures
from harness.pipeline.score import lens_kinds, panels
from harness.pipeline.spec import Plan
from reports.outcomes import Answers, Outcomes
from reports.panel import all_boards
from reports.same_layers import same_layers
from reports.scoring import score_outcomes

_SHORT: Final = 10


@dataclass(frozen=True)
class FinishedRun:
    """A run whose words are made and scored; what takes time is made when first asked for."""

    context: RunContext
    """The run; its model and its corpus cannot be asked for."""

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.context.run.path

    @property
    def spec(self) -> RunSpec:
        """All that decided the result."""
        return self.context.spec

    @property
    def hash(self) -> str:
        """First digits of the digest of the spec."""
        return digest(self.spec)[:_SHORT]

    @cached_property
    def kinds(self) -> dict[str, LensKind]:
        """Lens or control to its kind."""
        return lens_kinds(self.spec.lenses)

    @cached_property
    def judgings(self) -> tuple[Judging, ...]:
        """The run's judges with their questions."""
        return judgings(self.context)

    @cached_property
    def rows(self) -> list[Judgement]:
        """Everything that judges ever said."""
        return list(self.context.judgements())

    @cached_property
    def answers(self) -> dict[str, Answers]:
        """Judge to its answers."""
        return {judging.label: judging.answers(self.rows) for judging in self.judgings}

    @cached_property
    def boards(self) -> tuple[Outcomes, ...]:
        """Panels, then judges; judge ``none`` alone if nobody judged."""
        return all_boards(
            self.context.descriptions,
            self.answers,
            self.context.patches,
            self.spec,
            panels=panels(self.context),
            shown={judging.label: judging.shown for judging in self.judgings},
        )

    @cached_property
    def scores(self) -> list[Score]:
        """The scores of all boards, made from what was judged so far."""
        return [
            score
            for board in self.boards
            for score in score_outcomes(board, self.spec, self.kinds, self.same)
        ]

    @cached_property
    def measures(self) -> Measures | None:
        """Measurements of the states; None if they were not made."""
        return kept_measures(self.context)

    @cached_property
    def grid(self) -> pa.Table | None:
        """Words of every cell of some images; None if there are none."""
        path = self.context.run.grid
        try:
            found = pq.read_table(path)
        except FileNotFoundError:
            return None
        except (OSError, pa.ArrowException) as error:
            raise DataError(
                f"cannot read {path}; remove it and run the stage grid again"
            ) from error
        return found if found.num_rows else None

    @cached_property
    def same(self) -> tuple[int, ...]:
        """Layers whose states are practically those of layer 0."""
        return same_layers(self.measures)


def read_run(path: Path) -> FinishedRun:
    """Read the finished run in ``path``; it is held only while this checks it.

    A run that is not judged to the end is read as it is: what has no answer is unscored. Where its
    images cannot be opened, it is read without their pixels.

    Raises:
        UsageError: It is no run directory, or its words have not been made yet.
        DataError: Another process holds it, or a file is unreadable.
    """
    with RunDir.load(path) as run:
        if not run.done("describe"):
            raise UsageError(f"stage describe of {path} is not done; finish it by the command run")
        options = JudgingOptions.model_validate({})
        source = _source(run, run.run_spec)
        return FinishedRun(RunContext(run, Plan(run.run_spec, source, None, "cpu", options)))


def _source(run: RunPaths, spec: RunSpec) -> ImageSource:
    """Return the images of a run, or what was recorded of them if they are not here."""
    try:
        source = open_source(spec.images, len(spec.image_ids))
        if tuple(record.image_id for record in source.records()) == spec.image_ids:
            return source
        reason = f"{spec.images} holds other images now"
    except LensbenchError as error:
        reason = str(error)
    return AbsentSource(spec.images, read_table(run.images, ImageRecord), reason)
