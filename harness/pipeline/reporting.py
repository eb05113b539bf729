"""Runs and published figures put together to one report; the rooms meet here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.core.errors import UsageError
from harness.core.progress import progress
from harness.pipeline.explorer_pictures import explorer_pictures
from harness.pipeline.finished import FinishedRun
from harness.pipeline.kept_agreement import kept_agreement
from harness.pipeline.run_notices import run_lacks, run_notices
from harness.pipeline.score import panels
from judges.protocols.grounds import grounds
from lenses.registry import make_lens
from reports.assembly import build_report
from reports.explorer.book import Explorer, ExplorerSource
from reports.explorer.budget import build_explorer
from reports.outcomes import Question
from reports.published.load import load_paper
from reports.run_view import RunTables
from reports.templating import lens_styles
from reports.view import JudgeNote, LensNote, ReportView

_UNITS: Final = {"cosine": "cosine", "dot": "logit", "none": ""}
_SHOWN_FACTS: Final = (
    "family",
    "dtype",
    "device",
    "revision",
    "processor",
    "view",
    "prefix",
    "question",
    "weights_hash",
)


@dataclass(frozen=True, slots=True)
class MadeReport:
    """A report before it is written."""

    view: ReportView
    """Every figure and table."""
    explorer: Explorer
    """The words of single patches, packed."""


def make_report(
    runs: Sequence[FinishedRun],
    *,
    published: bool = False,
    models: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> MadeReport:
    """Put runs, and the published figures if they are asked for, together to one report.

    Args:
        runs: Finished runs.
        published: Whether the paper's figures are rows of the board and compared with the runs.
        models: Name of a run's model to its name in the published tables, where they differ.
        options: Options of analyses by name.

    Raises:
        UsageError: Neither a run nor published figures, or one run twice.
    """
    if not runs and not published:
        raise UsageError("there is nothing to report: name a run, or ask for --published")
    names = model_names(runs)
    tables = [run_tables(run, name) for run, name in zip(runs, names, strict=True)]
    view = build_report(tables, load_paper(), published=published, models=models, options=options)
    sources = [explorer_source(run, each) for run, each in zip(runs, tables, strict=True)]
    return MadeReport(view, build_explorer(sources))


def model_names(runs: Sequence[FinishedRun]) -> tuple[str, ...]:
    """Return a name for the model of each run, unique among them.

    Raises:
        UsageError: One run is given twice.
    """
    hashes = [run.hash for run in runs]
    for run in runs:
        if hashes.count(run.hash) > 1:
            raise UsageError(f"{run.path}: this run is named twice; name each run once")
    plain = [run.spec.vlm.rstrip("/").rpartition("/")[2] or run.spec.vlm for run in runs]
    return tuple(
        f"{name} ({run.hash[:6]})" if plain.count(name) > 1 else name
        for name, run in zip(plain, runs, strict=True)
    )


def run_tables(run: FinishedRun, model: str) -> RunTables:
    """Return a finished run as the report reads it."""
    context = run.context
    cards = [make_lens(name).card for name in run.spec.lenses]
    return RunTables(
        model=model,
        spec=run.spec,
        spec_hash=run.hash,
        provenance=context.facts.provenance,
        lenses=[
            LensNote(name=c.name, kind=c.kind, summary=c.summary, score=_UNITS[c.similarity])
            for c in cards
        ],
        patches=context.patches,
        descriptions=context.descriptions,
        boards=run.boards,
        scores=run.scores,
        answers={judging.label: run.answers[judging.label] for judging in run.judgings},
        judgements={judging.label: judging.history(run.rows) for judging in run.judgings},
        judges=[
            JudgeNote(
                name=judging.label,
                version=judging.identity.version,
                statement=judging.identity.statement,
                protocol=judging.protocol.id,
                prompt_hash=judging.prompt_hash,
            )
            for judging in run.judgings
        ],
        panels=panels(context),
        measures=run.measures,
        agreement=kept_agreement(context),
        notices=run_notices(context),
        missing=run_lacks(context),
        stamp=_stamp(run),
    )


def explorer_source(run: FinishedRun, tables: RunTables) -> ExplorerSource:
    """Return what the explorer shows of a run."""
    return ExplorerSource(
        model=tables.model,
        run=tables.spec_hash,
        k=tables.spec.k,
        kinds=tables.kinds,
        styles=lens_styles(tables.kinds),
        units={note.name: note.score for note in tables.lenses},
        boards=tables.boards,
        descriptions=tables.descriptions,
        pictures=explorer_pictures(run.context),
        grid=run.grid,
        reasons={judging.label: _reasons(run, judging.label) for judging in run.judgings},
        same=run.same,
    )


def _reasons(run: FinishedRun, judge: str) -> dict[Question, str]:
    """Return what a judge gave as its grounds for every question it answered."""
    raw = {row.key: row.raw for row in run.rows if row.status == "ok"}
    read: dict[str, str] = {}
    found: dict[Question, str] = {}
    for question, answer in progress(run.answers[judge].items(), description="grounds"):
        parts = []
        for key in answer.judgements:
            if key in raw and key not in read:
                read[key] = grounds(raw[key])
            parts.append(read.get(key, ""))
        if text := " / ".join(part for part in dict.fromkeys(parts) if part):
            found[question] = text
    return found


def _stamp(run: FinishedRun) -> dict[str, str]:
    """Return how the model was read, and the environment, as flat text."""
    facts = run.context.facts.model_dump(include={*_SHOWN_FACTS})
    model = {f"model {key.replace('_', ' ')}": value for key, value in facts.items() if value}
    stored = json.loads(run.context.run.stamp.read_bytes())
    packages = stored.pop("packages")
    flat = model | {key: value for key, value in (stored | packages).items() if value is not None}
    return {
        key: " ".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in flat.items()
    }
