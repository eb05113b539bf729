"""A report of several runs as files: the page, its figures as data, and every plot on its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.files import write_text_atomic
from harness.core.progress import announce
from harness.pipeline.finished import read_run
from harness.pipeline.reporting import make_report
from reports.exports import board_csv, board_json, board_latex, board_markdown
from reports.figures.export import figure_formats, write_figures
from reports.html import render_report
from reports.panel_figures import report_figures
from reports.view import report_json

_PAGE = ".html"


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What the command ``report`` was asked for."""

    runs: tuple[Path, ...]
    """Directories of finished runs."""
    output: Path
    """The page."""
    published: bool = False
    """Whether the paper's figures are shown."""
    models: tuple[str, ...] = ()
    """``MODEL=NAME``: the paper's name of a model."""
    figures: Path | None = None
    """Folder for the plots; None to write none."""
    formats: tuple[str, ...] = ()
    """Formats of the plots; empty for all that can be made."""
    pos: str = ""
    """Pipeline of spaCy that tells parts of speech; empty to leave them out."""


def write_report(request: ReportRequest) -> tuple[Path, ...]:
    """Write a report and return its main files: the page, its JSON, and its board in four formats.

    Everything that was asked for is checked before the first run is read.

    Raises:
        UsageError: A name that is no page, an unknown run or model, a format that cannot be made.
        DataError: A file that cannot be read or written.
    """
    page = request.output
    if page.suffix != _PAGE:
        raise UsageError(f"-o {page}: expected the name of a page, such as {page.stem}{_PAGE}")
    if request.formats and request.figures is None:
        raise UsageError("--format is of --figures DIR: name a folder for them")
    formats = figure_formats(request.formats or None) if request.figures is not None else ()
    names = dict(_pair(text) for text in request.models)
    runs = [read_run(path) for path in request.runs]
    options = {"part-of-speech": request.pos} if request.pos else {}
    made = make_report(runs, published=request.published, models=names, options=options)
    rows = made.view.board.rows
    texts = {
        page: render_report(made.view, made.explorer),
        page.with_suffix(".json"): report_json(made.view),
        page.with_suffix(".board.json"): board_json(rows),
        page.with_suffix(".csv"): board_csv(rows),
        page.with_suffix(".md"): board_markdown(rows),
        page.with_suffix(".tex"): board_latex(rows),
    }
    for path, text in texts.items():
        write_text_atomic(path, text)
    if request.figures is not None:
        written = write_figures(list(report_figures(made.view)), request.figures, formats)
        announce(f"figures: {len(written)} files in {request.figures}")
    return tuple(texts)


def _pair(text: str) -> tuple[str, str]:
    model, equals, name = text.partition("=")
    if not (model and equals and name):
        raise UsageError(f"--model {text}: expected MODEL=NAME, such as my-llava=llava-1.5-7b")
    return model, name
