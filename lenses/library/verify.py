"""Reading a whole library to see whether it is what its manifest says; finds every problem."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from harness.core.ids import sha256_file
from harness.core.progress import progress
from lenses.library.dtypes import LARGEST_ERROR, SCALED, TORCH_TYPES, restore
from lenses.library.manifest import (
    PHRASES,
    PLAN,
    ROWS,
    STATISTICS,
    LibraryManifest,
    LibraryPlan,
    layer_name,
    read_plan,
)
from lenses.library.rows import PHRASE_SCHEMA, ROW_SCHEMA, RowTable
from lenses.library.store import complete_manifest

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Verification:
    """What was read and what is wrong with it."""

    files: int
    """Files of the manifest."""
    size: int
    """Their bytes."""
    problems: tuple[str, ...]
    """One line each; none for a good library."""


def verify_library(path: Path) -> Verification:
    """Read every file of the library in ``path``.

    Checked are: every hash; the rows of the tables and their order; that words and tokens' spans
    lie in their phrases and words equal their spans; shapes, types, finite values and unit lengths
    of all vectors, lengths of the states, and the mean vectors.

    Raises:
        DataError: No library there, it is not complete, or its manifest is unreadable.
    """
    manifest = complete_manifest(path)
    problems = list(_file_problems(path, manifest))
    broken = {problem.split(" ", 1)[0] for problem in problems}
    if PLAN not in broken:
        plan = read_plan(path)
        if not broken & {ROWS, PHRASES}:
            problems += _table_problems(path, plan)
        if STATISTICS not in broken:
            problems += _vector_problems(path, manifest, plan, broken)
    size = sum(record.size for record in manifest.files.values())
    return Verification(len(manifest.files), size, tuple(problems))


def _file_problems(path: Path, manifest: LibraryManifest) -> Iterator[str]:
    files = progress(manifest.files.items(), description="hashing", total=len(manifest.files))
    for name, record in files:
        try:
            size = (path / name).stat().st_size
            if size != record.size:
                yield f"{name} has {size} bytes, expected {record.size}"
            elif sha256_file(path / name) != record.sha256:
                yield f"{name} was changed: its hash is not that of the manifest"
        except OSError as error:
            yield f"{name} cannot be read: {error.strerror}"


def _table_problems(path: Path, plan: LibraryPlan) -> Iterator[str]:
    try:
        table = RowTable(
            pq.read_table(path / ROWS, schema=ROW_SCHEMA),
            pq.read_table(path / PHRASES, schema=PHRASE_SCHEMA),
        )
    except (OSError, pa.ArrowException) as error:
        yield f"{ROWS} or {PHRASES} cannot be read: {error}"
        return
    if (len(table), len(table.texts)) != (plan.rows, plan.phrases):
        yield (
            f"{ROWS} has {len(table)} rows of {len(table.texts)} phrases, expected {plan.rows} of "
            f"{plan.phrases}"
        )
    phrase = table.column("phrase").to_numpy()
    position = table.column("position").to_numpy()
    if len(phrase) and (phrase.min() < 0 or phrase.max() >= len(table.texts)):
        yield f"{ROWS} names phrases that {PHRASES} does not have"
        return
    steps = np.diff(phrase)
    late = np.flatnonzero((steps < 0) | ((steps == 0) & (np.diff(position) < 0)))
    if len(late):
        yield f"{ROWS} is out of order in {len(late)} places, first after row {late[0]}"
    yield from _span_problems(table)


def _span_problems(table: RowTable) -> Iterator[str]:
    wrong: list[int] = []
    for start in range(0, len(table), _CHUNK):
        rows = table.take(np.arange(start, min(start + _CHUNK, len(table))))
        columns = (rows[name].to_pylist() for name in ("start", "end", "word", "context"))
        wrong += [
            start + row
            for row, (first, past, word, text) in enumerate(zip(*columns, strict=True))
            if not 0 <= first <= past <= len(text) or text[first:past] != word
        ]
    if wrong:
        yield f"{ROWS} has {len(wrong)} words that are not their span, first: row {wrong[0]}"


def _vector_problems(
    path: Path, manifest: LibraryManifest, plan: LibraryPlan, broken: set[str]
) -> Iterator[str]:
    means = load_file(path / STATISTICS)["mean"]
    tolerance = max(LARGEST_ERROR[dtype] for dtype in (*plan.lineage, plan.key.dtype))
    for layer, mean in zip(plan.key.layers, means, strict=True):
        total = torch.zeros(manifest.hidden, dtype=torch.float64)
        names = [layer_name(layer, number) for number in range(len(plan.parts))]
        for name, (start, stop) in zip(names, plan.parts, strict=True):
            if name in broken:
                continue
            try:
                tensors = load_file(path / name)
            except (OSError, SafetensorError) as error:
                yield f"{name} cannot be read: {error}"
                continue
            shape = (stop - start, manifest.hidden)
            problem = _layout_problem(tensors, plan, shape)
            if problem:
                yield f"{name} {problem}"
                continue
            centre = mean if plan.key.dtype == "int8" else None
            units = restore(tensors["vectors"], tensors.get("scales"), centre)
            total += units.sum(dim=0, dtype=torch.float64)
            yield from (f"{name} {found}" for found in _values(units, tensors["norms"], tolerance))
        moved = float((total / plan.rows - mean).norm())
        if not broken.intersection(names) and not moved <= tolerance:
            yield f"{STATISTICS} has a mean of layer {layer} that is {moved:.2g} off"


def _layout_problem(
    tensors: dict[str, torch.Tensor], plan: LibraryPlan, shape: tuple[int, int]
) -> str:
    dtype = plan.key.dtype
    wanted = {"vectors": (TORCH_TYPES[dtype], shape), "norms": (torch.float32, shape[:1])}
    if dtype in SCALED:
        wanted["scales"] = (torch.float32, shape[:1])
    found = {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()}
    return "" if found == wanted else f"holds {found}, expected {wanted}"


def _values(units: torch.Tensor, norms: torch.Tensor, tolerance: float) -> Iterator[str]:
    finite = units.isfinite().all(dim=1) & norms.isfinite() & (norms >= 0)
    if not finite.all():
        yield f"has {int((~finite).sum())} rows with NaN, Inf or a negative length"
    lengths = units.norm(dim=1)
    wanted = (norms > 0).float()
    off = finite & ((lengths - wanted).abs() > tolerance)
    if off.any():
        row = int(off.nonzero()[0])
        yield f"has {int(off.sum())} vectors not of unit length, first: {float(lengths[row]):.4g}"
