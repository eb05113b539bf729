"""Finished runs held against each other, or against the paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.core.errors import UsageError, unknown_name
from harness.core.records import Definition
from harness.pipeline.finished import FinishedRun, read_run
from reports.outcomes import HEADLINE, NO_JUDGE, Outcomes
from reports.pairing import Compared, compare_runs
from reports.pairing_records import RunComparison
from reports.published.common_layers import published_layers, scores_on
from reports.published.compare import compare_published
from reports.published.comparison import PublishedComparison
from reports.published.load import load_paper
from reports.published.names import find_published

PUBLISHED: Final = "published"
"""What a run is compared with instead of another run."""


def compare_two(
    first: Path,
    second: Path,
    *,
    judge: str | None = None,
    definition: Definition = HEADLINE,
    layers: Sequence[int] = (),
) -> RunComparison:
    """Compare two finished runs.

    Args:
        first: Directory of one run.
        second: Directory of the other.
        judge: Judge or panel of both, or ``NAME=OTHER`` where the second run calls its own OTHER;
            None for the first board of the first run, and the same of the second if it has it.
        definition: What counts as a hit.
        layers: Layers to compare; empty for all that both have.

    Raises:
        UsageError: A run is not finished or not judged, or has no such judge, definition or layer.
        DataError: A file is unreadable.
    """
    if first.resolve() == second.resolve():
        raise UsageError(f"{second}: this is the first run again; name another one")
    one, other = read_run(first), read_run(second)
    names = _run_names(first, second)
    boards = _boards(one, other, judge, names)
    return compare_runs(
        Compared(names[0], boards[0], one.spec, one.kinds),
        Compared(names[1], boards[1], other.spec, other.kinds),
        definition,
        tuple(layers) or None,
    )


def compare_with_paper(
    run: Path, *, judge: str | None = None, model: str | None = None
) -> PublishedComparison:
    """Compare a finished run with the published rates of its model.

    Args:
        run: Directory of the run.
        judge: Judge or panel; None for the first board.
        model: Name of the model in the published tables, where the run's own does not tell.

    Raises:
        UsageError: The run is not finished or not judged, or the paper has no such model.
        DataError: A file is unreadable.
    """
    found = read_run(run)
    judged = _judged(found, str(run))
    name = judge or next(iter(judged))
    if name not in judged:
        raise unknown_name(f"judge of {run}", name, judged)
    paper = load_paper()
    published = find_published(model or found.spec.vlm, paper)
    layers = published_layers(paper, published)
    scores = scores_on(layers, judged[name], found.spec, found.kinds, found.same)
    return compare_published(
        scores, found.spec.vlm, paper, name, spec=found.spec, published_model=published
    )


def _run_names(first: Path, second: Path) -> tuple[str, str]:
    """Return the names of two directories, or their paths if the names are the same."""
    names = first.resolve().name, second.resolve().name
    return names if names[0] != names[1] else (str(first), str(second))


def _judged(run: FinishedRun, name: str) -> dict[str, Outcomes]:
    judged = {board.judge: board for board in run.boards if board.judge != NO_JUDGE}
    if not judged:
        raise UsageError(f"{name} was not judged; ask a judge by the command judge")
    return judged


def _boards(
    first: FinishedRun, second: FinishedRun, judge: str | None, names: tuple[str, str]
) -> tuple[Outcomes, Outcomes]:
    """Return the two boards to compare."""
    one, other = _judged(first, names[0]), _judged(second, names[1])
    if judge is None:
        name = next((name for name in one if name in other), next(iter(one)))
        return one[name], other.get(name) or next(iter(other.values()))
    for left, right in _readings(judge):
        if left in one and right in other:
            return one[left], other[right]
    left, right = _readings(judge)[-1]
    if left not in one:
        raise unknown_name(f"judge of {names[0]}", left, one)
    raise unknown_name(f"judge of {names[1]}", right, other)


def _readings(judge: str) -> list[tuple[str, str]]:
    """Return what ``NAME`` or ``NAME=OTHER`` may mean; a name may hold an equals sign itself."""
    parts = judge.split("=")
    splits = [("=".join(parts[:place]), "=".join(parts[place:])) for place in range(1, len(parts))]
    return [(judge, judge), *splits]
