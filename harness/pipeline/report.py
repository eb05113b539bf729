"""Stage 8: one offline page with its JSON and its board, from the tables alone."""

from __future__ import annotations

from harness.core.files import write_text_atomic
from harness.core.ids import digest
from harness.pipeline.context import RunContext
from harness.pipeline.finished import FinishedRun
from harness.pipeline.reporting import make_report
from reports.exports import board_csv
from reports.html import render_report
from reports.view import report_json


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the report."""
    run = context.run
    judged = (run.scores, run.judgements, run.judgement_parts, run.judges)
    made = (run.descriptions, run.patches, run.libraries, run.facts, run.stamp, run.corpus)
    shown = (run.excluded, run.agreement, run.measures, run.grid)
    return run.digests(*judged, *made, *shown) | {"spec": digest(context.spec)}


def run(context: RunContext) -> None:
    """Write report.json, report.csv and report.html."""
    made = make_report([FinishedRun(context)])
    write_text_atomic(context.run.report_json, report_json(made.view))
    write_text_atomic(context.run.report_csv, board_csv(made.view.board.rows))
    write_text_atomic(context.run.report_html, render_report(made.view, made.explorer))
