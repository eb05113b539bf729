"""Beginning a library's folder, and writing a library whose rows are already there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from harness.core.errors import DataError, MismatchError
from harness.core.files import TEMPORARY_SUFFIX, write_bytes_atomic, write_json_atomic
from harness.core.progress import progress
from lenses.library.dtypes import StoredRows, StoredType, staged_type, store_states
from lenses.library.finish import finish
from lenses.library.manifest import (
    PHRASES,
    PLAN,
    ROWS,
    LibraryKey,
    LibraryPlan,
    Source,
    read_plan,
    require_equal,
)
from lenses.library.parts import Parts, file_record, is_intact
from lenses.library.plan import Plan, part_bounds
from lenses.library.rows import RowTable, numbered
from lenses.library.store import Library

RowsAt = Callable[[int, int, int], StoredRows]
"""Layer, first row and one past the last to rows in the type parts are written in."""


def make_plan(
    key: LibraryKey,
    table: RowTable,
    *,
    packing: str | None = None,
    occurrences: int | None = None,
    prefixes: int | None = None,
    truncated_phrases: int | None = None,
    lineage: tuple[StoredType, ...] = (),
) -> tuple[LibraryPlan, dict[str, bytes]]:
    """Return the plan of a library of these rows, and the contents of its tables by name.

    The further arguments are fields of ``LibraryPlan``.
    """
    tables = {ROWS: _parquet(table.rows), PHRASES: _parquet(table.phrases)}
    return (
        LibraryPlan(
            key=key,
            packing=packing,
            rows=len(table),
            phrases=table.phrases.num_rows,
            parts=_bounds(table, key.part_rows),
            occurrences=occurrences,
            prefixes=prefixes,
            truncated_phrases=truncated_phrases,
            lineage=lineage,
            files={name: file_record(data) for name, data in tables.items()},
        ),
        tables,
    )


def begin(path: Path, plan: LibraryPlan, tables: dict[str, bytes]) -> Parts:
    """Write the plan and the tables into folder ``path``, or check those that are there.

    Raises:
        MismatchError: The folder holds a library of another plan.
        DataError: The folder holds something else, or cannot be written.
    """
    if not (path / PLAN).exists():
        require_free(path)
        write_json_atomic(path / PLAN, plan)
    # Read back in any case: another process may have begun the folder in the meantime.
    _require_same(path, read_plan(path), plan)
    for name, data in tables.items():
        if not is_intact(path / name, plan.files[name], hashed=True):
            write_bytes_atomic(path / name, data)
    return Parts(path, plan)


def require_free(path: Path) -> None:
    """Check that a library may be begun in ``path``.

    Raises:
        DataError: Something is in the folder that is not the beginning of a library.
    """
    if path.is_dir():
        found = sorted(entry.name for entry in path.iterdir())
        strange = [name for name in found if not name.endswith(TEMPORARY_SUFFIX)]
        if strange and PLAN not in found:
            raise DataError(
                f"{path} is not a reference library: it holds {strange[0]!r} and no {PLAN}; choose "
                "an empty or a new folder"
            )


def write_library(
    path: Path,
    key: LibraryKey,
    rows: pa.Table,
    phrases: Sequence[str],
    states: Callable[[int, int, int], torch.Tensor],
    *,
    source: Source,
    lineage: tuple[StoredType, ...] = (),
) -> Library:
    """Write a library from states of any length; a stopped call is continued by the same call.

    Args:
        path: Folder of the library.
        key: What it is, as far as it is known.
        rows: Columns of ``ROW_SCHEMA``, ordered by phrase text, then position; ``phrase`` numbers
            ``phrases``.
        phrases: Texts.
        states: Layer, first row and one past the last to states [rows, d].
        source: Where it comes from, for the stamp.
        lineage: Types the vectors were stored in before.

    Raises:
        MismatchError: The folder holds a library of another plan.
        DataError: Rows are out of order, a state holds NaN or Inf, the folder holds something else
            or cannot be written.
    """
    table = numbered(rows, pa.array(phrases, type=pa.string()))
    _require_ordered(table)

    def stored(layer: int, start: int, stop: int) -> StoredRows:
        return store_states(states(layer, start, stop), parts.written_type)

    plan, tables = make_plan(key, table, lineage=lineage)
    parts = begin(path, plan, tables)
    return fill(parts, stored, source, "writing the library")


def fill(parts: Parts, rows_at: RowsAt, source: Source, description: str) -> Library:
    """Write the parts that are not done yet, complete the library and open it.

    Args:
        parts: Parts of the library, from :func:`begin`.
        rows_at: Layer, first row and one past the last to rows of ``parts.written_type``.
        source: What the library is made from, for the stamp.
        description: A few words for the bar.

    Raises:
        DataError: The folder cannot be written.
    """
    started = time.monotonic()
    done = set(parts.done())
    missing = [number for number in range(len(parts)) if number not in done]
    for number in progress(missing, description=description, total=len(missing)):
        start, stop = parts.plan.parts[number]
        parts.write(number, (rows_at(layer, start, stop) for layer in parts.plan.key.layers))
    finish(parts, source, started)
    return Library.open(parts.path)


def lineage_of_copies(library: Library) -> tuple[StoredType, ...]:
    """Return the lineage of rows copied from ``library`` into one of the same type.

    Only ``int8`` is rounded again, since its codes are relative to the mean of all rows.
    """
    lineage, dtype = library.plan.lineage, library.key.dtype
    return (*lineage, dtype) if staged_type(dtype) != dtype else lineage


def _bounds(table: RowTable, part_rows: int) -> tuple[tuple[int, int], ...]:
    phrases = table.column("phrase").to_numpy()
    positions = table.column("position").to_numpy().astype(np.int64)
    prefix = table.column("prefix").to_numpy()
    return part_bounds(Plan(phrases, positions, prefix, len(prefix), len(prefix)), part_rows)


def _require_ordered(table: RowTable) -> None:
    texts = table.phrases["text"].to_pylist()
    phrase = table.column("phrase").to_numpy()
    position = table.column("position").to_numpy()
    late = np.flatnonzero((np.diff(phrase) == 0) & (np.diff(position) < 0))
    if len(late) or any(left > right for left, right in zip(texts, texts[1:], strict=False)):
        raise DataError("library rows: expected rows ordered by phrase text and position")


def _require_same(path: Path, found: LibraryPlan, wanted: LibraryPlan) -> None:
    require_equal(found.key, wanted.key, path)
    ours, theirs = wanted.model_dump(), found.model_dump()
    changed = [name for name in ours if ours[name] != theirs[name]]
    if changed:
        raise MismatchError(
            f"library {path} was planned otherwise from the same settings: {', '.join(changed)} "
            "differ; other versions of the libraries may be the reason, choose another folder"
        )


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())
