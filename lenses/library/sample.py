"""A part of a library's rows, nested: the rows of 1 % are among those of 10 %."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from harness.core.errors import DataError, UsageError
from lenses.library.dtypes import StoredRows
from lenses.library.manifest import Source
from lenses.library.rows import numbered
from lenses.library.store import Library
from lenses.library.writer import begin, fill, lineage_of_copies, make_plan


def sample_library(source: Path, out: Path, fraction: float) -> Library:
    """Write the rows whose prefix hash lies in the first ``fraction`` of all hashes to ``out``.

    For the ``reservoir`` policy these are exactly the rows that a library would have of a corpus in
    which every distinct prefix had been kept with probability ``fraction``: the cap binds less, so
    frequent tokens keep a larger share of their rows than rare ones. No model is needed; a stopped
    call is continued by the same call.

    Args:
        source: A complete library.
        out: Folder of the sample.
        fraction: Share of the prefixes, of the whole corpus even if ``source`` is a sample itself.

    Raises:
        UsageError: ``fraction`` is not above 0 and below that of ``source``.
        DataError: No row is left, ``source`` cannot be read or ``out`` not be written.
        MismatchError: ``out`` holds another library.
    """
    library = Library.open(source)
    if not 0 < fraction < library.key.sample:
        raise UsageError(
            f"fraction={fraction}: expected a share above 0 and below {library.key.sample:g}, the "
            f"share that library {source} holds"
        )
    prefix = library.rows.column("prefix").to_numpy()
    kept = np.flatnonzero(prefix < np.uint64(int(fraction * 2**64)))
    if not len(kept):
        raise DataError(f"library {source}: none of its {len(library)} rows is in {fraction:g}")
    table = numbered(library.rows.rows.take(kept), library.rows.texts)
    plan, tables = make_plan(
        library.key.model_copy(update={"sample": fraction}),
        table,
        packing=library.plan.packing,
        occurrences=library.plan.occurrences,
        prefixes=library.plan.prefixes,
        truncated_phrases=library.plan.truncated_phrases,
        lineage=lineage_of_copies(library),
    )
    parts = begin(out, plan, tables)
    rows = torch.from_numpy(kept)

    def stored(layer: int, start: int, stop: int) -> StoredRows:
        return library.layer(layer).store(rows[start:stop], parts.written_type)

    name = f"{fraction:g} of the prefixes of {source}"
    return fill(parts, stored, Source(name=name), "sampling the library")
