"""``view``: serve a report on this machine and open it."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="[default: a free one]")
@click.option("--no-browser", is_flag=True, help="Only serve; open nothing.")
def command(run: Path, port: int, no_browser: bool) -> None:
    """Serve the report of RUN, a run directory or a page, on this machine and open it.

    The page also opens from the disk; Ctrl+C ends the serving.
    """
    import webbrowser

    from harness.core.rundir import RunPaths
    from reports.serving import ReportServer

    page = RunPaths(run).report_html if run.is_dir() else run
    with ReportServer(page, port) as server:
        click.echo(f"report: {server.address} (Ctrl+C to end)")
        if not no_browser:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("ended")
