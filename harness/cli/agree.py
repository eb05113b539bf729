"""``agree``: how far judges and people agree, on a run or on files of ratings alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.core.agreement import Agreement, Policy
    from harness.core.ratings import LeftOut

_FORMATS: Final = ("authors", "lensbench", "label-studio", "argilla", "potato")
_SHOWN: Final = 20
_FILES: Final[dict[str, Any]] = {"multiple": True, "type": click.Path(path_type=Path)}


@click.command()
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option(
    "--labels", **_FILES, help="File or folder of ratings.  [default: those of the run's study]"
)
@click.option(
    "--import",
    "format_name",
    type=click.Choice(_FORMATS),
    help="Whose files they are.  [default: lensbench]",
)
@click.option("--items", **_FILES, help="Without RUN: file of the items that were rated.")
@click.option("--judge-replies", **_FILES, help="Without RUN: file of what judges said of them.")
@click.option(
    "--study",
    type=click.Path(path_type=Path),
    help="Folder of the study.  [default: RUN/annotation]",
)
@click.option(
    "--blank",
    type=click.Choice(["missing", "none"]),
    help="A rating that says nothing is none at all, or means none of the words.  "
    "[default: missing; authors: none]",
)
@click.option(
    "--ties",
    type=click.Choice(["half", "strict"]),
    default="half",
    show_default=True,
    help="Majority: half of the people or more, or more than half.",
)
@click.option(
    "--pooling",
    type=click.Choice(["majority", "any", "all"]),
    default="majority",
    show_default=True,
    help="How many people must call it a hit.",
)
@click.option(
    "--definition",
    type=click.Choice(["any", "concrete+abstract", "concrete"]),
    default="any",
    show_default=True,
    help="Relations that make a hit.",
)
@click.option(
    "--half-width",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Wanted half-width of intervals: how many items would that take?",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the resampling.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="JSON file; a page is put beside it."
)
def command(
    run: Path | None,
    labels: tuple[Path, ...],
    format_name: str | None,
    items: tuple[Path, ...],
    judge_replies: tuple[Path, ...],
    study: Path | None,
    output: Path | None,
    blank: str | None,
    half_width: float,
    seed: int,
    **rules: str,
) -> None:
    """Compare judges with people: agreement, error rates by lens, and rates corrected by them.

    With RUN the result is kept in the run and shown in its report. Without, --labels and --items
    (and --judge-replies) name the files of a study made elsewhere.
    """
    from harness.core.agreement import Policy
    from harness.core.errors import UsageError

    if output is not None and output.suffix == ".html":
        raise UsageError(f"-o {output}: expected the name of a JSON file; a page is put beside it")
    policy = Policy.model_validate(
        rules | {"blank": blank or ("none" if format_name == "authors" else "missing")}
    )
    options: dict[str, Any] = {"half_width": half_width, "seed": seed}
    if run is not None:
        if items or judge_replies:
            raise UsageError("--items, --judge-replies: a run has its own; leave them or RUN out")
        found = _on_run(run, study, format_name, labels, policy, options)
    elif not labels:
        raise UsageError("--labels is missing: name a run, or files of ratings and items")
    else:
        found = _on_files(format_name or "lensbench", items, labels, judge_replies, policy, options)
    _show(found, run, output)


def _on_run(
    run: Path,
    study: Path | None,
    format_name: str | None,
    labels: Sequence[Path],
    policy: Policy,
    options: dict[str, Any],
) -> Agreement:
    from harness.core.config import JudgingOptions
    from harness.pipeline.annotation import FOLDER
    from harness.pipeline.people import evaluate, keep, study_ratings
    from harness.pipeline.rejudge import opened

    with opened(run, JudgingOptions.model_validate({})) as context:
        asked, read = study_ratings(study or run / FOLDER, format_name or "lensbench", labels)
        named = ", ".join(path.name for path in labels) or "study"
        found = evaluate(
            context, asked, read.ratings, policy, labels=named, left_out=read.left_out, **options
        )
        keep(context, asked, read.ratings, found)
        return found


def _on_files(
    format_name: str,
    items: Sequence[Path],
    labels: Sequence[Path],
    replies: Sequence[Path],
    policy: Policy,
    options: dict[str, Any],
) -> Agreement:
    from human_eval.agreement import agreement
    from human_eval.formats.registry import read_study_labels

    read = read_study_labels(format_name, items, labels, replies)
    source = {"format": format_name, "labels": ", ".join(path.name for path in labels)}
    for name, paths in (("items", items), ("judge replies", replies)):
        if paths:
            source[name] = ", ".join(path.name for path in paths)
    return agreement(
        read.items,
        read.ratings,
        read.replies,
        policy,
        source=source,
        left_out=read.left_out,
        **options,
    )


def _show(found: Agreement, run: Path | None, output: Path | None) -> None:
    from harness.core.files import write_json_atomic, write_text_atomic
    from harness.core.rundir import RunPaths
    from reports.agreement_page import agreement_html
    from reports.agreement_text import agreement_text

    _warn(found.left_out_list)
    click.echo(agreement_text(found))
    if output is not None:
        write_json_atomic(output, found, readable=True)
        page = output.with_suffix(".html")
        write_text_atomic(page, agreement_html(found))
        click.echo(f"agreement: {output}\npage: {page}")
    if run is not None:
        paths = RunPaths(run)
        click.echo(f"agreement: {paths.agreement}\nreport: {paths.report_html}")


def _warn(left_out: Sequence[LeftOut]) -> None:
    """Name what was not used; the JSON file lists all of it."""
    for each in left_out[:_SHOWN]:
        who = " ".join(part for part in (each.item_id, each.annotator) if part)
        click.echo(f"left out: {each.reason}: {each.source}: {who}: {each.detail}", err=True)
    if len(left_out) > _SHOWN:
        click.echo(f"left out: {len(left_out) - _SHOWN} more, listed in the JSON file", err=True)
