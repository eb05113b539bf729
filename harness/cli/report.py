"""``report``: one page from finished runs, or from the paper's figures."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="The page; beside it its figures as JSON, and its board as CSV, Markdown and LaTeX.",
)
@click.option(
    "--published",
    is_flag=True,
    help="Show the figures of the LatentLens paper, beside RUNS if any.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL=NAME",
    help="With --published: the paper's name of a model of RUNS.",
)
@click.option(
    "--figures",
    type=click.Path(path_type=Path),
    help="Folder for every figure as SVG, and as PNG and PDF where they can be made.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(["svg", "png", "pdf"]),
    help="With --figures: only these.  [default: all that can be made]",
)
@click.option(
    "--pos",
    default="",
    metavar="PIPELINE",
    help="Tell parts of speech, e.g. by en_core_web_sm; needs pip install 'lensbench[pos]'.",
)
def command(
    runs: tuple[Path, ...],
    output: Path,
    published: bool,
    models: tuple[str, ...],
    figures: Path | None,
    formats: tuple[str, ...],
    pos: str,
) -> None:
    """Write the report of RUNS, directories of finished runs, as one offline page.

    Runs whose specs agree are ranked together over their models; otherwise the page lists what
    differs and ranks each on its own.
    """
    from harness.pipeline.report_files import ReportRequest, write_report

    request = ReportRequest(
        runs=runs,
        output=output,
        published=published,
        models=models,
        figures=figures,
        formats=formats,
        pos=pos,
    )
    for path in write_report(request):
        click.echo(path)
