"""The head of the page: what was run, who judged and for how much, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from harness.core.records import Record
from reports.costs import JudgeCost
from reports.view import ReportView, RunView


class JudgeLine(Record):
    """A judge as the head names it."""

    name: str
    """Judge or panel."""
    statement: str
    """What kind of judge it is."""
    cost: str
    """Questions, unanswered ones and money; empty for a panel and where nothing was asked."""


class Header(Record):
    """All that stands above the results."""

    judges: tuple[JudgeLine, ...]
    """Judges of all runs, each once."""
    notices: tuple[str, ...]
    """What must be known before the figures."""
    missing: tuple[str, ...]
    """What a reader may look for and does not find."""
    columns: tuple[str, ...]
    """Headings of the table of runs."""
    rows: tuple[tuple[str, ...], ...]
    """One row per run."""
    contents: tuple[tuple[str, str], ...]
    """Id and title of every part of the page."""


_COLUMNS = ("Model", "Run", "Images", "Patches", "Layers", "Words", "Judges", "Made")


def header(view: ReportView, *, explorer: bool) -> Header:
    """Return the head of a report.

    Args:
        view: The report.
        explorer: Whether the page has the words of single patches.
    """
    several = len(view.runs) > 1
    notices = [_named(run, line, several) for run in view.runs for line in run.notices]
    lacks = [_named(run, line, several) for run in view.runs for line in run.missing]
    return Header(
        judges=tuple(_judges(view)),
        notices=tuple(dict.fromkeys(notices)),
        missing=tuple(dict.fromkeys(lacks)),
        columns=_COLUMNS,
        rows=tuple(_run_row(run) for run in view.runs),
        contents=tuple(_contents(view, explorer)),
    )


def _named(run: RunView, line: str, several: bool) -> str:
    return f"{run.model}: {line}" if several else line


def _judges(view: ReportView) -> Iterator[JudgeLine]:
    seen: set[tuple[str, str]] = set()
    for run in view.runs:
        for note in run.judges:
            if (note.name, note.statement) in seen:
                continue
            seen.add((note.name, note.statement))
            costs = [cost for each in view.runs for cost in each.judging.costs]
            own = [cost for cost in costs if cost.judge == note.name]
            yield JudgeLine(name=note.name, statement=note.statement, cost=_cost(own))


def _cost(costs: list[JudgeCost]) -> str:
    if not costs:
        return ""
    asked = sum(cost.questions for cost in costs)
    answered = sum(cost.answered for cost in costs)
    text = f"{asked:,} questions, {asked - answered:,} without a scored answer"
    if not any(cost.calls for cost in costs):
        return f"{text}; no call to a provider."
    known = sum(cost.known_usd for cost in costs)
    unknown = sum(cost.unknown for cost in costs)
    more = f" and {unknown:,} calls of unknown price" if unknown else ""
    return f"{text}; {known:,.2f} US dollars{more}."


def _run_row(run: RunView) -> tuple[str, ...]:
    spec = run.spec
    made = [run.stamp.get("created_at", "")[:10], f"lensbench {run.stamp.get('lensbench', '?')}"]
    return (
        run.model,
        run.spec_hash,
        f"{run.images:,} of {spec.images}",
        f"{run.patches:,}",
        f"{len(spec.layers)}: {', '.join(map(str, spec.layers))}",
        f"{spec.k} a patch",
        ", ".join(note.name for note in run.judges) or "none",
        ", ".join(part for part in [*made, run.stamp.get("device", "")] if part),
    )


def _contents(view: ReportView, explorer: bool) -> Iterator[tuple[str, str]]:
    if view.board.overview:
        yield "overview", "All models"
    if view.runs:
        yield "result", "Result"
    if view.board.rows:
        yield "cells", "All figures"
    if explorer:
        yield "explorer", "Patch by patch"
    if any(run.analyses for run in view.runs):
        yield "analyses", "Analyses, judges, people"
    if view.paper:
        yield "paper", "Against the paper" if view.runs else "The published figures"
    yield "method", "How this was made"
