"""What a finished run shows on the terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.core.rundir import RunPaths


def show_results(paths: RunPaths) -> None:
    """Print the board, how far the judges hold and what they cost, and where the files are."""
    from harness.core.records import Score
    from harness.core.tables import read_table
    from reports.judging import Judging
    from reports.text import board_text, judging_text

    click.echo(board_text(read_table(paths.scores, Score)))
    (run,) = json.loads(paths.report_json.read_bytes())["runs"]
    judging = Judging.model_validate(run["judging"])
    if text := judging_text(judging):
        click.echo(f"\n{text}")
    click.echo(f"leaderboard: {paths.leaderboard}")
    click.echo(f"report: {paths.report_html}")
