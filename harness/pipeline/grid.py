"""Stage 5: what the lenses say of every cell of a few images, for the report's explorer.

Nothing of it is judged or counted. The states are not kept: the images are encoded once more.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from harness.core.files import replacing, write_errors
from harness.core.ids import digest
from harness.core.progress import progress
from harness.core.records import ImageRecord, Record
from harness.core.tables import write_table
from harness.pipeline.capture import MANIFEST
from harness.pipeline.context import RunContext
from harness.pipeline.describe import PARTS, lens_context, read_part
from lenses.base import Lens, Queries
from lenses.registry import make_lens


class GridWord(Record):
    """One neighbour returned by a lens for one cell of an image."""

    image_id: str
    """Image."""
    row: int
    """Grid row of the cell."""
    col: int
    """Grid column of the cell."""
    lens: str
    """Lens; controls are left out."""
    layer: int
    """Visual layer."""
    rank: int
    """0 for the best neighbour."""
    word: str
    """The word as judges would be shown it."""
    score: float
    """Similarity, as in the description table."""
    source_layer: int | None
    """Contextual layer; None for vocabulary lenses."""
    context: str
    """Phrase around the word; empty for vocabulary lenses."""
    start: int
    """First character of the word in ``context``."""
    end: int
    """One past the last."""


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the words: states, vocabulary, spec, and of how many images."""
    run = context.run
    files = run.digests(run.images, run.geometry, run.states / MANIFEST, run.readout)
    return files | {"spec": digest(context.spec), "grid": str(context.grid)}


def run(context: RunContext) -> None:
    """Write the words of the first images; each image's part is kept until all are done."""
    folder = context.run.path / PARTS
    prefix = digest(inputs(context))[:16]
    lenses: dict[str, Lens] = {}
    parts: list[Path] = []
    for record in progress(context.images[: context.grid], description="grids"):
        part = folder / f"{prefix}-grid-{record.image_id[:16]}.parquet"
        if not part.exists():
            lenses = lenses or _lenses(context)
            write_table(part, _words(context, record, lenses), GridWord)
        parts.append(part)
    if not parts:
        write_table(context.run.grid, [], GridWord)
        return
    with replacing(context.run.grid) as temporary:
        pq.write_table(
            pa.concat_tables([read_part(part) for part in parts]), temporary, compression="zstd"
        )
    with write_errors(folder):
        shutil.rmtree(folder)


def _lenses(context: RunContext) -> dict[str, Lens]:
    """Return the lenses under test, prepared."""
    shared = lens_context(context)
    found = {name: make_lens(name) for name in context.spec.lenses}
    tested = {name: lens for name, lens in found.items() if lens.card.kind == "lens"}
    for lens in tested.values():
        lens.prepare(shared)
    return tested


def _words(context: RunContext, record: ImageRecord, lenses: dict[str, Lens]) -> list[GridWord]:
    tokens = context.adapter.encode(context.source.open(record), context.spec.layers)
    geometry = tokens.geometry
    rows, cols = geometry.grid
    cells = [(r, c) for r in range(rows) for c in range(cols) if geometry.real(r, c)]
    chosen = torch.tensor([geometry.token_index(row, col) for row, col in cells])
    found: list[GridWord] = []
    for layer in context.spec.layers:
        queries = Queries(
            states=tokens.states[layer][chosen].float(),
            layer=layer,
            patch_ids=tuple(f"{record.image_id}:{row}:{col}" for row, col in cells),
            image_ids=(record.image_id,) * len(cells),
        )
        for name, lens in lenses.items():
            found += _grid_words(record.image_id, name, cells, queries, lens, context.spec.k)
    return found


def _grid_words(
    image_id: str,
    name: str,
    cells: Sequence[tuple[int, int]],
    queries: Queries,
    lens: Lens,
    k: int,
) -> list[GridWord]:
    return [
        GridWord(
            image_id=image_id,
            row=row,
            col=col,
            lens=name,
            layer=queries.layer,
            rank=rank,
            word=neighbour.word,
            score=neighbour.score,
            source_layer=neighbour.source_layer,
            context=neighbour.context,
            start=neighbour.start,
            end=neighbour.end,
        )
        for (row, col), neighbours in zip(cells, lens.describe(queries, k), strict=True)
        for rank, neighbour in enumerate(neighbours)
    ]
