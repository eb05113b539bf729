"""``train``: train a projector, or repeat or measure the training of a bundled model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Train a projector of your own, or repeat the training of a bundled model."""


@command.command()
@click.option("--llm", required=True, help="Language model: folder, hub id, or registered model.")
@click.option("--encoder", required=True, help="Vision model: folder, hub id, registered model.")
@click.option("--data", required=True, help="Images with captions, such as pixmo-cap.")
@click.option("--recipe", help="TOML file, or a bundled name: mini.  [default: the paper's]")
@click.option("--projector", type=click.Choice(["gated", "mlp", "linear"]), help="Its kind.")
@click.option("--captions", type=click.Choice(["whole", "first-sentence"]), help="What is said.")
@click.option("--steps", type=int, help="Optimiser steps.  [paper: 12000]")
@click.option("--batch", type=int, help="Captions per step, over all devices.  [paper: 8]")
@click.option("--lr", type=float, help="Highest learning rate.  [paper: 2e-4]")
@click.option("--warmup", type=int, help="Steps of the warm-up.  [paper: 200]")
@click.option("--dropout", type=float, help="Dropout of the response.  [paper: 0.1]")
@click.option("--heldout", type=float, help="Share of images only measured.  [default: 0.003]")
@click.option("--evaluate-every", type=int, help="Steps between measurements.  [default: 1000]")
@click.option("--precision", type=click.Choice(["bfloat16", "float32"]), help="Forward pass.")
@click.option("--frozen", type=click.Choice(["bfloat16", "float32"]), help="Type of frozen parts.")
@click.option("--seed", type=int, help="Weights, order and dropout.  [paper: 6198]")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 ...")
@click.option(
    "--per-device", type=click.IntRange(1), help="Captions at once.  [default: 2 on a GPU]"
)
@click.option(
    "--checkpoint-every", type=click.IntRange(1), default=500, show_default=True, help="In steps."
)
@click.option(
    "--log-every", type=click.IntRange(1), default=20, show_default=True, help="In steps."
)
@click.option(
    "--cache-gb",
    type=click.FloatRange(0),
    default=4.0,
    show_default=True,
    help="Keep the encoder's features in memory if all of them fit into this.",
)
@click.option("-o", "--out", type=FOLDER, required=True, help="Folder; run takes it as --vlm.")
def projector(
    llm: str,
    encoder: str,
    data: str,
    recipe: str | None,
    device: str,
    per_device: int | None,
    checkpoint_every: int,
    log_every: int,
    cache_gb: float,
    out: Path,
    **given: Any,
) -> None:
    """Train a projector between a frozen encoder and a frozen language model on captions.

    The same command again continues after any stop. On several GPUs:
    accelerate launch -m harness train projector ...
    """
    from harness.training.recipe import load_recipe

    changes = {name: value for name, value in given.items() if value is not None}
    wanted = load_recipe(recipe, changes)
    from harness.training.loop import Pace
    from harness.training.projector import Request, train_projector

    pace = Pace(per_device, checkpoint_every, log_every)
    request = Request(llm, encoder, data, out)
    record = train_projector(request, wanted, pace, device=device, cache_gb=cache_gb)
    if record is None:
        return
    last = record.heldout[-1]
    click.echo(f"held-out loss: {last.loss:.4f} nats per token on {last.captions:,} captions")
    click.echo(f"model: {out}  (python -m harness run --vlm {out})")


def _bundled(name: str) -> click.Command:
    """Return the command of a bundled model."""

    @click.command(name, help=f"Train {name} from nothing (hours on a laptop), or measure it.")
    @click.option(
        "--evaluate",
        is_flag=True,
        help="Measure the weights on held-out scenes, print the figures and renew the model card.",
    )
    @click.option(
        "--weights",
        type=FOLDER,
        help="Checkpoint folder to measure or to write.  [default: bundled, or FOLDER/MODEL]",
    )
    @click.option(
        "--folder",
        type=FOLDER,
        default=Path("runs/train-mini"),
        show_default=True,
        help="Checkpoints and log of the training; the same command again continues.",
    )
    def bundled(evaluate: bool, weights: Path | None, folder: Path) -> None:
        if evaluate:
            _measure(name, weights)
            return
        from harness.mini.recipe.make import make

        target = weights or folder / name
        make(name, folder, target)
        click.echo(f"weights: {target}")

    return bundled


def _measure(name: str, weights: Path | None) -> None:
    from harness.mini.entry import WEIGHTS
    from harness.mini.recipe.card import gates
    from harness.mini.recipe.make import measure

    target = weights or WEIGHTS / name
    evaluation = measure(target, name)
    for gate in gates(evaluation):
        verdict = "met" if gate.met else "NOT met"
        click.echo(f"{gate.what}: {gate.value:.3f} ({gate.asked}: {verdict})")
    click.echo(f"card: {target / 'MODEL_CARD.md'}")


for _name in ("mini", "mini-frozen"):
    command.add_command(_bundled(_name))
