"""``run``: the main job, from a model's name to a leaderboard and a report."""

from __future__ import annotations

import os
from pathlib import Path

import click

from harness.cli.judging import judging_options
from harness.cli.results import show_results
from harness.core.rundir import STAGES


@click.command()
@click.option("--vlm", help="Model: a name of `list vlms`, a folder or a hub id.  [default: mini]")
@click.option("--dtype", help="auto, float32, bfloat16, float16 or 4bit.  [default: auto]")
@click.option("--device", help="auto (all GPUs, else the CPU), cpu, cuda:0 ...  [default: auto]")
@click.option("--view", help="Cells of the whole image or of its enlarged parts: global, tiles.")
@click.option("--prompt", help="Text around the image: chat (template) or plain.  [default: chat]")
@click.option("--max-pixels", type=int, help="Show images at no more pixels (Qwen models).")
@click.option(
    "--images",
    help="scenes:heldout, a folder, file or 'glob', coco:FILE.json@FOLDER, "
    "hf:ID_OR_FOLDER[#COLUMN], pixmo-cap; see `list images`.",
)
@click.option("--lens", help="Lenses and controls, separated by commas.  [default: all]")
@click.option("--layers", help="all, paper, or numbers such as 0,2,8.  [default: all]")
@click.option("--judge", help="Judges, separated by commas; none to leave words unjudged.")
@judging_options
@click.option("--limit", type=int, help="Use the first N images only.")
@click.option("--patches", type=int, help="Patches per image.  [default: 10]")
@click.option("--grid", type=int, help="Describe every cell of the first N images.  [default: 2]")
@click.option("--k", type=int, help="Words per patch, lens and layer.  [default: 5]")
@click.option("--seed", type=int, help="Seed of sampling and controls.  [default: 42]")
@click.option("--corpus", help="Reference corpus, see `list corpora`.  [default: mini]")
@click.option("--fraction", type=float, help="Share of the corpus to use.  [default: 1]")
@click.option("--library", help="Folder of a finished reference library, instead of a corpus.")
@click.option("--engine", help="Library search: exact or faiss:KIND.  [default: exact]")
@click.option("--runs-dir", help="Folder of run directories.  [default: runs]")
@click.option("--fresh", is_flag=True, default=None, help="Start over instead of continuing.")
@click.option("--config", type=click.Path(path_type=Path), help="TOML file of these options.")
@click.option(
    "--stage",
    "stages",
    multiple=True,
    type=click.Choice(STAGES),
    help="Run this stage only; may be repeated.  [default: all, in order]",
)
def command(config: Path | None, stages: tuple[str, ...], **given: object) -> None:
    """Compare lenses on a model: plan, capture, describe, judge, score, report.

    Every option can also be given as LENSBENCH_<OPTION> in the environment or in lensbench.toml.
    The same command again continues where the last one stopped.
    """
    from harness.core.config import find_config, resolve
    from harness.core.rundir import RunPaths

    options = resolve({}, given, os.environ, find_config(config, Path.cwd())).values
    from harness.pipeline.dry_run import dry_run_of
    from harness.pipeline.engine import run_stages
    from harness.pipeline.spec import resolve_spec

    plan = resolve_spec(options)
    if options.dry_run:
        click.echo(dry_run_of(plan, Path(options.runs_dir)))
        return
    path = run_stages(plan, Path(options.runs_dir), stages=stages or STAGES, fresh=options.fresh)
    if not stages or "report" in stages:
        show_results(RunPaths(path))
    else:
        click.echo(f"run: {path}")
