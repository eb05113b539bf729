"""``compare``: two runs, or a run and the paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from harness.core.records import Definition, Record


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("other", required=False, type=click.Path(path_type=Path))
@click.option(
    "--to",
    type=click.Choice(["published"]),
    help="Instead of OTHER: the rates of the LatentLens paper for this model.",
)
@click.option("--model", help="With --to published: the paper's name of the model.")
@click.option(
    "--judge",
    metavar="NAME[=OTHER]",
    help="Judge or panel, and what OTHER calls its own.  [default: the first they share]",
)
@click.option("--definition", help="What counts as a hit.  [default: interpretable]")
@click.option("--layer", "layers", type=int, multiple=True, help="Layer to compare, repeatable.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="JSON file of all figures.")
def command(
    run: Path,
    other: Path | None,
    to: str | None,
    model: str | None,
    judge: str | None,
    definition: str | None,
    layers: tuple[int, ...],
    output: Path | None,
) -> None:
    """Compare RUN with OTHER, a run too, or with the published rates of its model.

    Two runs are paired by patch where their patches are the same, else by image where they share
    images. Differences are RUN minus OTHER, with 95 % intervals.
    """
    from harness.core.errors import UsageError
    from harness.pipeline.comparison import compare_two, compare_with_paper
    from reports.pairing_text import comparison_text
    from reports.published.text import published_text

    if (other is None) == (to is None):
        raise UsageError("expected either OTHER, a second run, or --to published")
    if other is None:
        if definition is not None or layers:
            raise UsageError(
                "--definition, --layer: the paper has one definition, and all its layers are shown"
            )
        against = compare_with_paper(run, judge=judge, model=model)
        _show(published_text(against), against, output)
        return
    if model is not None:
        raise UsageError(f"--model {model}: expected together with --to published")
    wanted = cast("Definition", definition or "interpretable")
    pair = compare_two(run, other, judge=judge, definition=wanted, layers=layers)
    _show(comparison_text(pair), pair, output)


def _show(text: str, found: Record, output: Path | None) -> None:
    from harness.core.files import write_json_atomic

    click.echo(text)
    if output is not None:
        write_json_atomic(output, found, readable=True)
        click.echo(f"\ncomparison: {output}")
