"""Runs and published figures put together to one report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.core.errors import unknown_name
from reports.board_page import BoardSource, build_board
from reports.published.board import published_rows
from reports.published.common_layers import published_layers, scores_on
from reports.published.compare import compare_published
from reports.published.names import find_published, published_name
from reports.published.page import comparison_analysis, published_analyses
from reports.published.paper import Paper
from reports.run_view import RunTables, build_run_view
from reports.same_layers import same_layers
from reports.sections.base import Analysis
from reports.view import ReportView


def build_report(
    runs: Sequence[RunTables],
    paper: Paper,
    *,
    published: bool = False,
    models: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> ReportView:
    """Assemble a report.

    Args:
        runs: Finished runs, models named differently.
        paper: Published figures; where a run's model is among them, their curves stand behind its
            own in any case.
        published: Whether they are also rows of the board, and compared with the runs.
        models: Name of a run's model to its published name, where it is not known by itself.
        options: Options of analyses by name.

    Raises:
        UsageError: ``models`` names no model of the runs, or none of the paper; or two runs are of
            the same model with the same settings.
        MismatchError: tables that do not belong together.
    """
    names = _published_names(runs, paper, models or {})
    views, sources = [], []
    for run in runs:
        view, rows = build_run_view(run, paper, names[run.model], options or {})
        views.append(view)
        sources.append(
            BoardSource(
                model=run.model,
                source=run.source,
                spec=run.spec,
                kinds=run.kinds,
                boards=run.judged,
                rows=rows,
                same=view.same_layers,
            )
        )
    return ReportView(
        title=_title(runs),
        runs=tuple(views),
        board=build_board(sources, published_rows(paper) if published else ()),
        paper_source=paper.source if published else "",
        paper=tuple(_paper(runs, paper, names)) if published else (),
    )


def _published_names(
    runs: Sequence[RunTables], paper: Paper, given: Mapping[str, str]
) -> dict[str, str | None]:
    """Return model to its name in the published tables, None where it is not there."""
    known = [run.model for run in runs]
    for model in given:
        if model not in known:
            raise unknown_name("model of the runs", model, known)
    return {
        run.model: (
            find_published(given[run.model], paper)
            if run.model in given
            else published_name(run.spec.vlm)
        )
        for run in runs
    }


def _paper(
    runs: Sequence[RunTables], paper: Paper, names: Mapping[str, str | None]
) -> Iterator[Analysis]:
    """Yield the comparison of every run whose model is published; then the published figures."""
    for run in runs:
        name = names[run.model]
        if name is None:
            continue
        layers, same = published_layers(paper, name), same_layers(run.measures)
        for board in run.judged:
            yield comparison_analysis(
                compare_published(
                    scores_on(layers, board, run.spec, run.kinds, same),
                    run.model,
                    paper,
                    board.judge,
                    spec=run.spec,
                    published_model=name,
                )
            )
    yield from published_analyses(paper)


def _title(runs: Sequence[RunTables]) -> str:
    if not runs:
        return "What the LatentLens paper reads from visual tokens"
    if len(runs) == 1:
        return f"What can be read from the visual tokens of {runs[0].model}?"
    return f"What can be read from the visual tokens of {len(runs)} models?"
