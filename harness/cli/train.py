"""``train``: repeat the training of a bundled model, or measure it."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("model", type=click.Choice(["mini", "mini-frozen"]))
@click.option(
    "--evaluate",
    is_flag=True,
    help="Measure the weights on held-out scenes, print the figures and renew the model card.",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="Checkpoint folder to measure or to write.  [default: bundled, or FOLDER/MODEL]",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("runs/train-mini"),
    show_default=True,
    help="Checkpoints and log of the training; the same command again continues.",
)
def command(model: str, evaluate: bool, weights: Path | None, folder: Path) -> None:
    """Train MODEL from nothing (hours on a laptop), or measure it with --evaluate."""
    if not evaluate:
        from harness.mini.recipe.make import make

        target = weights or folder / model
        make(model, folder, target)
        click.echo(f"weights: {target}")
        return
    from harness.mini.entry import WEIGHTS
    from harness.mini.recipe.card import gates
    from harness.mini.recipe.make import measure

    target = weights or WEIGHTS / model
    evaluation = measure(target, model)
    for gate in gates(evaluation):
        verdict = "met" if gate.met else "NOT met"
        click.echo(f"{gate.what}: {gate.value:.3f} ({gate.asked}: {verdict})")
    click.echo(f"card: {target / 'MODEL_CARD.md'}")
