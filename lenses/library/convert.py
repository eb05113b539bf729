"""The same library with vectors of another stored type."""

from __future__ import annotations

from pathlib import Path

import torch

from harness.core.errors import UsageError
from harness.core.progress import announce
from lenses.library.dtypes import LARGEST_ERROR, StoredRows, stored_type
from lenses.library.manifest import Source
from lenses.library.store import Library
from lenses.library.writer import begin, fill, make_plan


def convert_library(source: Path, out: Path, dtype: str) -> Library:
    """Write ``source`` to ``out`` with its unit vectors rounded to ``dtype``.

    A wider type is allowed and brings nothing back; the plan records the types gone through. From
    ``float16``, ``int8`` has the vectors of a library built as ``int8``. A stopped call is
    continued by the same call.

    Raises:
        UsageError: Unknown ``dtype``, or ``source`` is of it already.
        DataError: ``source`` cannot be read or ``out`` not be written.
        MismatchError: ``out`` holds another library.
    """
    wanted = stored_type(dtype)
    library = Library.open(source)
    held = library.key.dtype
    if wanted == held:
        raise UsageError(f"dtype={dtype}: library {source} is stored as {dtype} already")
    if LARGEST_ERROR[wanted] < LARGEST_ERROR[held]:
        announce(f"library {out}: the vectors keep the rounding of {held}")
    plan, tables = make_plan(
        library.key.model_copy(update={"dtype": wanted}),
        library.rows,
        packing=library.plan.packing,
        occurrences=library.plan.occurrences,
        prefixes=library.plan.prefixes,
        truncated_phrases=library.plan.truncated_phrases,
        lineage=(*library.plan.lineage, held),
    )
    parts = begin(out, plan, tables)

    def stored(layer: int, start: int, stop: int) -> StoredRows:
        return library.layer(layer).store(torch.arange(start, stop), parts.written_type)

    return fill(parts, stored, Source(name=f"{source}, from {held}"), "converting the library")
