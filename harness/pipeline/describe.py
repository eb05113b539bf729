"""Stage 3: what every lens says about every patch at every layer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from harness.core.errors import DataError
from harness.core.files import replacing, write_errors, write_json_atomic
from harness.core.ids import digest
from harness.core.progress import progress
from harness.core.records import Description
from harness.core.tables import write_table
from harness.pipeline.capture import MANIFEST, load_states
from harness.pipeline.context import RunContext
from harness.pipeline.references import library_uses
from harness.vlms.readout import VocabularyReadout
from lenses.base import Lens, LensContext, Queries
from lenses.registry import make_lens

PARTS = "parts"
"""Folder of what is finished of a table, in the run directory."""


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the descriptions: patches, states, readout, corpus and the spec."""
    run = context.run
    files = run.digests(run.patches, run.states / MANIFEST, run.readout, run.vocabulary)
    return files | {"spec": digest(context.spec)}


def run(context: RunContext) -> None:
    """Write the descriptions of all lenses; each lens's part is kept until all are done."""
    folder = context.run.path / PARTS
    states = load_states(context)
    shared = lens_context(context)
    prefix = digest(inputs(context))[:16]
    parts: list[Path] = []
    for name in progress(context.spec.lenses, description="lenses"):
        part = folder / f"{prefix}-{name.replace(':', '-')}.parquet"
        if not part.exists():
            lens = make_lens(name)
            lens.prepare(shared)
            write_table(part, _describe(context, lens, name, states), Description)
        parts.append(part)
    write_json_atomic(context.run.libraries, library_uses(context, states), readable=True)
    with replacing(context.run.descriptions) as temporary:
        pq.write_table(
            pa.concat_tables([read_part(part) for part in parts]), temporary, compression="zstd"
        )
    with write_errors(folder):
        # Parts of another spec or version of the inputs are of no use to anyone.
        shutil.rmtree(folder)


def _describe(
    context: RunContext, lens: Lens, name: str, states: torch.Tensor
) -> list[Description]:
    """Return ``k`` descriptions per patch and layer, ordered by layer, patch and rank."""
    patches, spec = context.patches, context.spec
    found: list[Description] = []
    for column, layer in enumerate(spec.layers):
        queries = Queries(
            states=states[:, column].contiguous(),
            layer=layer,
            patch_ids=tuple(patch.patch_id for patch in patches),
            image_ids=tuple(patch.image_id for patch in patches),
        )
        answers = lens.describe(queries, spec.k)
        for patch, neighbours in zip(patches, answers, strict=True):
            found += [
                Description(
                    patch_id=patch.patch_id,
                    lens=name,
                    layer=layer,
                    rank=rank,
                    token=neighbour.token,
                    token_id=neighbour.token_id,
                    word=neighbour.word,
                    score=neighbour.score,
                    source_layer=neighbour.source_layer,
                    context=neighbour.context,
                    start=neighbour.start,
                    end=neighbour.end,
                )
                for rank, neighbour in enumerate(neighbours)
            ]
    return found


def lens_context(context: RunContext) -> LensContext:
    """Return what the lenses of a run are prepared with.

    Raises:
        DataError: The readout is unreadable.
    """
    return LensContext(
        readout=VocabularyReadout.load(context.run.readout),
        vocabulary=tuple(json.loads(context.run.vocabulary.read_bytes())),
        library=context.library,
        search=context.search,
        seed=context.spec.seed,
    )


def read_part(part: Path) -> pa.Table:
    """Return the table of a finished part.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return pq.read_table(part)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot read {part}: {error}; delete it and run again") from error
