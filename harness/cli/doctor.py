"""``doctor``: does a model do what every lens relies on?"""

from __future__ import annotations

from pathlib import Path

import click

from harness.core.errors import DataError, UsageError


@click.command()
@click.option("--vlm", required=True, help="Model: a name of `list vlms`, a folder or a hub id.")
@click.option(
    "--dtype",
    default="auto",
    show_default=True,
    help="auto, float32, bfloat16, float16 or 4bit.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 ...")
@click.option("--view", default="global", show_default=True, help="global or tiles.")
@click.option("--max-pixels", type=int, default=0, help="Show images at no more (Qwen models).")
@click.option(
    "--cells", default="16", show_default=True, help="Cells painted per picture and view, or all."
)
@click.option("--json", "out", type=click.Path(path_type=Path), help="Also write all results here.")
def command(
    vlm: str,
    dtype: str,
    device: str,
    view: str,
    max_pixels: int,
    cells: str,
    out: Path | None,
) -> None:
    """Load a model and check it, with pictures of four shapes.

    Token count, geometry (a painted cell moves the token that claims it), finite and repeatable
    states, readout, what a token sees, padding. Exit code 1 if a check fails.
    """
    count = parse_cells(cells)

    from harness.core.files import write_json_atomic
    from harness.vlms.conformance.battery import examine
    from harness.vlms.conformance.report import table_lines
    from harness.vlms.loading import resolve_placement
    from harness.vlms.registry import VLMS, load_vlm

    parameters = VLMS.get(vlm).parameters if vlm in VLMS.names() else None
    dtype, device = resolve_placement(dtype, device, parameters)
    adapter = load_vlm(vlm, dtype, device, view=view, max_pixels=max_pixels)
    conformance = examine(adapter, cells=count)
    for line in table_lines(conformance.results):
        click.echo(line)
    if out is not None:
        write_json_atomic(out, conformance, readable=True)
    done, failed = len(conformance.results), len(conformance.failed)
    if failed:
        raise DataError(f"VLM {vlm}: {failed} of {done} checks failed, see what to do above")
    click.echo(f"VLM {vlm}: all {done} checks passed")


def parse_cells(text: str) -> int | None:
    """Return how many cells to paint, None for all; UsageError for anything but that."""
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"cells {text!r}: expected all, or a whole number from 1")
    return int(text)
