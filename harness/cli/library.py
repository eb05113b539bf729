"""``library``: build reference libraries and look after them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.core.errors import DataError, UsageError

FOLDER = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Build reference libraries of text states and look after them.

    LatentLens compares visual states with such a library. `run` builds the one it needs by itself;
    these commands are for large corpora, several machines and libraries of others.
    """


@command.command()
@click.option("--vlm", help="Registered model or checkpoint folder; its language model is used.")
@click.option("--model", help="Checkpoint folder of a language model alone.")
@click.option("--corpus", default="mini", show_default=True, help="See `list corpora`.")
@click.option("--layers", default="paper", show_default=True, help="paper, or such as 1,2,8.")
@click.option("--policy", default="reservoir", show_default=True, help="reservoir, first or paper.")
@click.option("--cap", type=int, help="Most rows per token.  [default: 20; first: 50]")
@click.option("--seed", type=int, default=42, show_default=True, help="Seed of the choice of rows.")
@click.option("--fraction", type=float, default=1.0, show_default=True, help="Share of phrases.")
@click.option(
    "--dtype",
    default="float16",
    show_default=True,
    help="Stored type: float32, float16, bfloat16, float8 or int8.",
)
@click.option(
    "--precision",
    default="auto",
    show_default=True,
    help="Forward pass: float32, bfloat16 or float16; auto is bfloat16 where that is fast.",
)
@click.option("--max-tokens", type=int, default=512, show_default=True, help="Cut longer phrases.")
@click.option("--part-rows", type=int, default=16384, show_default=True, help="Rows per part.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 ...")
@click.option("--devices", help="One process per device, such as cuda:0,cuda:1.")
@click.option("--shard", default="1/1", show_default=True, help="Build part i of n: i/n.")
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@click.option("-o", "--out", type=FOLDER, required=True, help="Folder of the library.")
def build(
    out: Path, devices: str | None, device: str, shard: str, dry_run: bool, **given: Any
) -> None:
    """Plan a library, print what it will cost, and build it.

    The same command again continues after any stop. Shards may be built by several processes or
    hosts, in one folder or, to be joined by `library merge`, in several.
    """
    from harness.pipeline.library import LibraryRequest, build, build_on, preview

    request = LibraryRequest(device=device, **given)
    if dry_run:
        click.echo(preview(request).summary())
        return
    if devices is not None:
        build_on(_devices(devices, device, shard), _arguments(given, out), out)
        click.echo(f"library: {out}")
        return
    library = build(request, out, parse_shard(shard))
    if library is not None:
        click.echo(f"library: {out} ({len(library)} rows x {len(library.layers)} layers)")


@command.command()
@click.argument("library", type=FOLDER)
def info(library: Path) -> None:
    """Show what a library holds, complete or not."""
    from lenses.library.info import info_lines, library_info

    for line in info_lines(library_info(library)):
        click.echo(line)


@command.command()
@click.argument("library", type=FOLDER)
def verify(library: Path) -> None:
    """Read every file of a library and list everything that is wrong with it."""
    from lenses.library.verify import verify_library

    found = verify_library(library)
    for problem in found.problems:
        click.echo(problem)
    if found.problems:
        raise DataError(f"library {library}: {len(found.problems)} problems")
    click.echo(f"library {library} is sound")


@command.command()
@click.argument("library", type=FOLDER)
@click.option("--fraction", type=float, required=True, help="Share of the distinct prefixes.")
@click.option("-o", "--out", type=FOLDER, required=True, help="Folder of the smaller library.")
def sample(library: Path, fraction: float, out: Path) -> None:
    """Make the library that a share of the corpus' distinct prefixes would have given.

    Rare tokens lose rows in proportion, frequent ones only where they fall below the cap. A smaller
    share lies within a larger one.
    """
    from lenses.library.sample import sample_library

    made = sample_library(library, out, fraction)
    click.echo(f"library: {out} ({len(made)} rows x {len(made.layers)} layers)")


@command.command()
@click.argument("libraries", type=FOLDER, nargs=-1, required=True)
@click.option("-o", "--out", type=FOLDER, required=True, help="Folder of the joined library.")
def merge(libraries: tuple[Path, ...], out: Path) -> None:
    """Join the shards of one library, or libraries of several corpora.

    Of several corpora the result has exactly the rows that a library of all of them together has.
    """
    from lenses.library.merge import merge_libraries

    made = merge_libraries(libraries, out)
    click.echo(f"library: {out} ({len(made)} rows x {len(made.layers)} layers)")


@command.command()
@click.argument("library", type=FOLDER)
@click.option("--dtype", help="Stored type: float32, float16, bfloat16, float8 or int8.")
@click.option(
    "--published",
    type=click.Choice(["library", "reproduce"]),
    help="Write the published layout instead, in one of its two variants.",
)
@click.option("-o", "--out", type=FOLDER, required=True, help="Folder to write.")
def convert(library: Path, dtype: str | None, published: str | None, out: Path) -> None:
    """Write a library with another stored type, or in the published layout."""
    if (dtype is None) == (published is None):
        raise UsageError("expected either --dtype TYPE or --published VARIANT")
    if published is not None:
        from lenses.library.foreign.publish import write_published
        from lenses.library.store import Library

        click.echo(f"published library: {write_published(Library.open(library), out, published)}")
        return
    from lenses.library.convert import convert_library

    made = convert_library(library, out, str(dtype))
    click.echo(f"library: {out} ({len(made)} rows x {len(made.layers)} layers)")


@command.command("import")
@click.argument("source")
@click.option("--vlm", help="Registered model or checkpoint folder that it was made with.")
@click.option("--model", help="Checkpoint folder of the language model that it was made with.")
@click.option("--model-name", help="Name that its metadata must state.")
@click.option("--revision", help="Full commit of a Hugging Face id.")
@click.option("--dtype", help="Stored type.  [default: float16]")
@click.option("-o", "--out", type=FOLDER, required=True, help="Folder of the library.")
def import_(source: str, out: Path, vlm: str | None, model: str | None, **given: Any) -> None:
    """Read a library in the published layout, from a folder or a Hugging Face id.

    SOURCE holds layer_L/embeddings_cache.pt files. Nothing in them is run: files that could run
    code are refused. Every token is checked against the model's tokenizer.
    """
    from harness.pipeline.library_formats import import_published, text_side

    made = import_published(source, out, text_side(vlm, model), **given)
    click.echo(f"library: {out} ({len(made)} rows x {len(made.layers)} layers)")


@command.command()
@click.option("--vlm", help="Model.  [default: mini]")
@click.option("--fractions", default="0.001,0.01,0.1,1", show_default=True, help="Shares.")
@click.option("--images", help="Image source, as of `run`.")
@click.option("--layers", help="Visual layers, as of `run`.")
@click.option("--judge", help="Judges, as of `run`.")
@click.option("--limit", type=int, help="Use the first N images only.")
@click.option("--patches", type=int, help="Patches per image.")
@click.option("--corpus", help="Reference corpus.")
@click.option("--seed", type=int, help="Seed of sampling and controls.")
@click.option("--runs-dir", help="Folder of run directories.  [default: runs]")
def ablate(fractions: str, **given: object) -> None:
    """Compare LatentLens with libraries of shares of the corpus: rate, and same answers as full."""
    import os

    from harness.core.config import find_config, resolve
    from harness.pipeline.ablation import TABLE, ablate, ablation_text, parse_fractions

    shares = parse_fractions(fractions)
    options = resolve({}, given, os.environ, find_config(None, Path.cwd())).values
    path, rows = ablate(options, shares)
    click.echo(ablation_text(rows))
    click.echo(f"table: {path / TABLE}")
    click.echo(f"report: {path / 'report.html'}")


def parse_shard(text: str) -> tuple[int, int]:
    """Return (i, n) of ``i/n``.

    Raises:
        UsageError: Not two whole numbers with 1 <= i <= n.
    """
    number, separator, total = text.partition("/")
    if not (separator and number.isdecimal() and total.isdecimal()):
        raise UsageError(f"shard {text!r}: expected i/n, such as 1/4")
    if not 1 <= int(number) <= int(total):
        raise UsageError(f"shard {text!r}: expected a number from 1 to {total}")
    return int(number), int(total)


def _devices(devices: str, device: str, shard: str) -> list[str]:
    names = [name.strip() for name in devices.split(",") if name.strip()]
    if not names:
        raise UsageError(f"--devices {devices!r}: expected names such as cuda:0,cuda:1")
    if device != "cpu" or shard != "1/1":
        raise UsageError("--devices gives each process its own --device and --shard; name only one")
    return names


def _arguments(given: dict[str, Any], out: Path) -> list[str]:
    """Return the options as the command line of a process."""
    named = [("--" + name.replace("_", "-"), value) for name, value in given.items()]
    set_ = [(name, str(value)) for name, value in named if value is not None]
    return [text for pair in (*set_, ("--out", str(out))) for text in pair]
