"""A run held against the published rates of its model, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from harness.core.errors import UsageError, unknown_name
from harness.core.records import RunSpec, Score
from harness.core.wilson import score_interval
from reports.holm import holm
from reports.independent import Rate, RateDifference, independent_difference
from reports.published.comparison import (
    DEFINITION,
    LEVEL,
    CellComparison,
    PublishedComparison,
    Verdict,
)
from reports.published.load import known_problems, published_rate
from reports.published.means import published_mean
from reports.published.names import find_published
from reports.published.paper import Paper
from reports.published.protocol import protocol_differences


class _Theirs(NamedTuple):
    """A published rate, or mean of rates."""

    rate: float
    n: int | None
    problems: tuple[str, ...]

    @property
    def interval(self) -> Rate | None:
        """The rate with Wilson's interval; None where its patches are unknown."""
        if self.n is None:
            return None
        low, high = score_interval(self.rate, self.n)
        return Rate(estimate=self.rate, low=low, high=high)


def compare_published(
    scores: Sequence[Score],
    model: str,
    paper: Paper,
    judge: str,
    *,
    spec: RunSpec | None = None,
    published_model: str | None = None,
) -> PublishedComparison:
    """Compare the rates of a run with the published ones of its model.

    The two are independent samples: other images, other patches. The interval of a difference
    joins our interval as the board has it (Wilson's with the effective number of patches, or whole
    images resampled for a mean) with Wilson's at the published number of patches; see
    :func:`reports.independent.independent_difference`. A mean is compared where the paper has all
    the layers it is over (:func:`reports.published.common_layers.scores_on` makes such scores of
    any run); the published one counts as many patches as one layer has.

    Args:
        scores: Scores of the run; only definition ``interpretable`` is read.
        model: Model as the run names it.
        paper: The published tables.
        judge: Judge or panel of the run.
        spec: The run, for the list of what was made otherwise; None to leave that out.
        published_model: Name of the model in the tables, where ``model`` does not tell.

    Raises:
        UsageError: The paper has no such model, the run no such judge, or they have no lens and
            layer in common.
    """
    name = find_published(published_model or model, paper)
    chosen = _chosen(scores, judge)
    found = [cell for score in chosen if (cell := _compared(score, chosen, name, paper))]
    if not found:
        raise UsageError(
            f"the run has no lens and layer with a published rate of {name}; published lenses: "
            f"{', '.join(sorted({cell.lens for cell in paper.cells if cell.model == name}))}"
        )
    cells = _corrected(found)
    single = [cell for cell in cells if cell.layer is not None]
    verdicts = [cell.verdict for cell in single]
    return PublishedComparison(
        source=paper.source,
        model=model,
        published_model=name,
        judge=judge,
        published_judge=paper.judge,
        cells=tuple(cells),
        consistent=verdicts.count("consistent"),
        differing=verdicts.count("differs"),
        surviving=sum(cell.p_holm is not None and cell.p_holm < LEVEL for cell in single),
        unknown=verdicts.count("cannot tell"),
        half_width=_half_width(single),
        protocol=protocol_differences(spec, judge, paper.judge, name) if spec else (),
        mean_layers=_mean_layers(cells, chosen),
        missing=_missing(chosen, name, paper, spec),
        general_problems=_general(name, paper),
    )


def _half_width(cells: Sequence[CellComparison]) -> float | None:
    """Return the median half-width of the intervals of differences; None if there is none."""
    widths = [
        (cell.difference_high - cell.difference_low) / 2
        for cell in cells
        if cell.difference_low is not None and cell.difference_high is not None
    ]
    return median(widths) if widths else None


def _chosen(scores: Sequence[Score], judge: str) -> list[Score]:
    """Return the scores of the lenses by one judge, a lens's mean before its layers."""
    judges = {score.judge for score in scores}
    if judge not in judges:
        raise unknown_name("judge of the run", judge, judges)
    wanted = (judge, DEFINITION, "lens")
    found = [score for score in scores if (score.judge, score.definition, score.kind) == wanted]
    lenses = list(dict.fromkeys(score.lens for score in found))
    return sorted(
        found,
        key=lambda score: (lenses.index(score.lens), -1 if score.layer is None else score.layer),
    )


def _layers(scores: Sequence[Score], lens: str) -> list[int]:
    return [score.layer for score in scores if score.lens == lens and score.layer is not None]


def _compared(
    score: Score, scores: Sequence[Score], model: str, paper: Paper
) -> CellComparison | None:
    """Return the comparison of one score; None where the paper has nothing like it."""
    if score.layer is not None:
        cell = published_rate(paper, model, score.lens, score.layer)
        return None if cell is None else _cell(score, _Theirs(cell.rate, cell.n, cell.problems))
    mean = published_mean(paper, model, score.lens, _layers(scores, score.lens))
    if mean is None:
        return None
    problems = dict.fromkeys(problem for cell in mean.cells for problem in cell.problems)
    return _cell(score, _Theirs(mean.rate, mean.n, tuple(problems)))


def _cell(score: Score, theirs: _Theirs) -> CellComparison:
    interval = theirs.interval
    found, reason = _difference(score, interval)
    return CellComparison(
        lens=score.lens,
        layer=score.layer,
        rate=score.estimate,
        low=score.low,
        high=score.high,
        n=score.n,
        published=theirs.rate,
        published_low=interval.low if interval else None,
        published_high=interval.high if interval else None,
        published_n=theirs.n,
        difference=None if score.estimate is None else score.estimate - theirs.rate,
        difference_low=found.low if found else None,
        difference_high=found.high if found else None,
        p_value=found.p_value if found else None,
        verdict=_verdict(found),
        reason=reason,
        problems=theirs.problems,
    )


def _difference(score: Score, theirs: Rate | None) -> tuple[RateDifference | None, str]:
    """Return the difference with its interval, or why there is none."""
    if score.estimate is None:
        return None, "nothing was scored"
    if score.low is None or score.high is None:
        return None, "our rate has no interval: too few images"
    if theirs is None:
        return None, "the published number of patches is unknown"
    ours = Rate(estimate=score.estimate, low=score.low, high=score.high)
    found = independent_difference(ours, theirs)
    return found, "" if found.low is not None else "the difference has no interval"


def _verdict(found: RateDifference | None) -> Verdict:
    if found is None or found.low is None or found.high is None:
        return "cannot tell"
    return "consistent" if found.low <= 0 <= found.high else "differs"


def _corrected(cells: Sequence[CellComparison]) -> list[CellComparison]:
    """Return the cells with corrected p-values: single cells are one family, means another."""
    p_holm: dict[tuple[str, int | None], float] = {}
    for means in (True, False):
        family = [cell for cell in cells if (cell.layer is None) == means]
        tested = [cell for cell in family if cell.p_value is not None]
        values = holm([cell.p_value for cell in tested if cell.p_value is not None])
        p_holm |= {(cell.lens, cell.layer): p for cell, p in zip(tested, values, strict=True)}
    return [
        cell.model_copy(update={"p_holm": p_holm.get((cell.lens, cell.layer))}) for cell in cells
    ]


def _mean_layers(cells: Sequence[CellComparison], scores: Sequence[Score]) -> tuple[int, ...]:
    """Return the layers that compared means are over; none if no mean is compared."""
    means = [cell.lens for cell in cells if cell.layer is None]
    return tuple(_layers(scores, means[0])) if means else ()


def _missing(
    scores: Sequence[Score], model: str, paper: Paper, spec: RunSpec | None
) -> tuple[str, ...]:
    """Return what only the run or only the paper has."""
    ours = dict.fromkeys(score.lens for score in scores)
    published: dict[str, set[int]] = {}
    for cell in paper.cells:
        if (cell.model, cell.variant) == (model, "none"):
            published.setdefault(cell.lens, set()).add(cell.layer)
    found: dict[str, list[str]] = {}
    for lens in (*ours, *(lens for lens in published if lens not in ours)):
        if lens not in published:
            found.setdefault("not in the paper", []).append(lens)
        elif lens not in ours:
            found.setdefault("published, but not in the run", []).append(lens)
        else:
            own = set(spec.layers if spec else _layers(scores, lens))
            sides = (
                (own - published[lens], "not in the paper"),
                (published[lens] - own, "published, but not in the run"),
            )
            for layers, what in sides:
                if layers:
                    listed = ", ".join(map(str, sorted(layers)))
                    found.setdefault(f"layers {listed}: {what}", []).append(lens)
    return tuple(f"{', '.join(lenses)}: {what}" for what, lenses in found.items())


def _general(model: str, paper: Paper) -> tuple[str, ...]:
    """Return what is known of all published rates of a model."""
    groups = {(cell.group, cell.lens) for cell in paper.cells if cell.model == model}
    return tuple(
        str(problem)
        for problem in known_problems()
        if problem.scope == "general"
        and any(problem.concerns(group, model, lens, "none", None) for group, lens in groups)
    )
