"""``judge``: ask judges about a run that is described, or add judges to a finished one."""

from __future__ import annotations

import os
from pathlib import Path

import click

from harness.cli.judging import judging_options
from harness.cli.results import show_results


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--judge", help="Judges to add, separated by commas; none: ask what is open.")
@click.option("--remove", help="Added judges to take off the board, separated by commas.")
@judging_options
@click.option("--worker", default="", help="Ask one share of the questions only, such as 2/4.")
@click.option("--config", type=click.Path(path_type=Path), help="TOML file of options.")
def command(
    run: Path,
    judge: str | None,
    remove: str | None,
    worker: str,
    config: Path | None,
    protocol: str | None,
    panel: str | None,
    repeat: float | None,
    reorder: float | None,
    **given: object,
) -> None:
    """Judge RUN, the directory of a run whose words are made, and write its report anew.

    Judges are shown the very pixels that the judges before them saw. The same command again asks
    only what has no answer yet. Several workers (--worker 1/4 ... 4/4) can judge together; the
    command without --worker then scores what they wrote.
    """
    from harness.core.config import find_config, resolve
    from harness.core.errors import UsageError
    from harness.pipeline.dry_run import dry_run
    from harness.pipeline.rejudge import (
        add_judges,
        judge_again,
        judge_share,
        opened,
        own_setup,
        parse_worker,
        remove_judges,
    )
    from judges.registry import parse_judges

    if worker:
        parse_worker(worker)
    checks = {"repeat": repeat, "reorder": reorder}
    file = find_config(config, Path.cwd())
    options = resolve({}, given | checks, os.environ, file).values
    if worker and options.batch:
        raise UsageError(
            "--worker with --batch: batches are handed in by one process; leave one out"
        )
    names = parse_judges(judge) if judge else ()
    with opened(run, options, worker.replace("/", "-of-")) as context:
        new = [own_setup(context.spec, name, protocol=protocol, **checks) for name in names]
        if remove:
            remove_judges(context, [name.strip() for name in remove.split(",")])
        if options.dry_run:
            click.echo(dry_run(context, new))
            return
        add_judges(context, new, panel)
        if worker:
            judge_share(context, worker)
            return
        judge_again(context)
        show_results(context.run)
