"""The last step of a library: what needs all rows, and the manifest."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save

from harness.core.errors import DataError
from harness.core.files import TEMPORARY_SUFFIX, write_bytes_atomic, write_json_atomic
from harness.core.stamp import stamp
from lenses.library.manifest import (
    MANIFEST,
    PLAN,
    STAGING,
    STAMP,
    STATISTICS,
    FileRecord,
    LayerPart,
    LayerStatistics,
    LibraryManifest,
    LibraryPlan,
    LibraryStamp,
    PartManifest,
    Source,
    part_name,
    read_manifest,
)
from lenses.library.parts import Parts, file_record, is_intact

_ATTEMPTS = 50


def finish(parts: Parts, source: Source, started: float) -> bool:
    """Complete the library if every part is there; several processes may do so at once.

    Args:
        parts: The library's parts.
        source: What it was made from, for the stamp.
        started: ``time.monotonic()`` when this process began, for the stamp.

    Returns:
        Whether the library is complete now.

    Raises:
        DataError: The folder cannot be written, or its parts are of different widths.
    """
    for attempt in range(_ATTEMPTS):
        if len(parts.present()) < len(parts) or len(parts.done()) < len(parts):
            return False
        try:
            if is_complete(parts.path):
                shutil.rmtree(parts.path / STAGING, ignore_errors=True)
            else:
                _complete(parts, source, started)
            break
        except FileNotFoundError:
            # Another process completes the library and has swept away our temporary file.
            if attempt + 1 == _ATTEMPTS:
                raise
    return True


def is_complete(path: Path) -> bool:
    """Tell whether the library in ``path`` has its manifest, and every file its size.

    Raises:
        DataError: The manifest is unreadable.
    """
    if not (path / MANIFEST).exists():
        return False
    files = read_manifest(path).files
    return all(is_intact(path / name, record, hashed=False) for name, record in files.items())


def _complete(parts: Parts, source: Source, started: float) -> None:
    path, plan = parts.path, parts.plan
    found = [_require(parts.found(number), path) for number in range(len(parts))]
    widths = sorted({manifest.hidden for manifest in found})
    if len(widths) > 1:
        raise DataError(f"library {path}: its parts have widths {widths}; delete the folder")
    means = parts.sums() / plan.rows
    if parts.is_staged:
        found = [_converted(parts, n, torch.from_numpy(means).float()) for n in range(len(parts))]
    statistics = save({"mean": torch.from_numpy(means).float()})
    write_bytes_atomic(path / STATISTICS, statistics)
    files = {**plan.files, STATISTICS: file_record(statistics), PLAN: _on_disk(path / PLAN)}
    for number, manifest in enumerate(found):
        files |= {**manifest.files, part_name(number): _on_disk(path / part_name(number))}
    seconds = round(time.monotonic() - started, 3)
    write_json_atomic(
        path / STAMP, LibraryStamp(stamp=stamp(), source=source, seconds=seconds), readable=True
    )
    _sweep(path)
    done = LibraryManifest(
        key=plan.key,
        hidden=widths[0],
        rows=plan.rows,
        phrases=plan.phrases,
        statistics=_statistics(plan, found, means),
        files=files,
    )
    write_json_atomic(path / MANIFEST, done, readable=True)


def _converted(parts: Parts, number: int, means: torch.Tensor) -> PartManifest:
    """Return the manifest of a part in its final type, made from the staged one if needed."""
    if parts.final(number) is None:
        try:
            parts.convert(number, means)
        except FileNotFoundError:
            # Another process removed the staging: it has converted every part.
            if parts.final(number) is None:
                raise
    return _require(parts.final(number), parts.path)


def _require(manifest: PartManifest | None, path: Path) -> PartManifest:
    if manifest is None:
        raise DataError(f"library {path}: a part went away while it was being finished")
    return manifest


def _on_disk(path: Path) -> FileRecord:
    return file_record(path.read_bytes())


def _sweep(path: Path) -> None:
    """Remove the staging and what killed processes left half written."""
    shutil.rmtree(path / STAGING, ignore_errors=True)
    for partial in path.rglob(f".*{TEMPORARY_SUFFIX}"):
        partial.unlink(missing_ok=True)


def _statistics(
    plan: LibraryPlan, parts: Sequence[PartManifest], means: NDArray[np.float64]
) -> dict[int, LayerStatistics]:
    return {
        layer: _layer_statistics([part.layers[layer] for part in parts], plan.rows, mean)
        for layer, mean in zip(plan.key.layers, means, strict=True)
    }


def _layer_statistics(
    parts: Sequence[LayerPart], rows: int, mean: NDArray[np.float64]
) -> LayerStatistics:
    sums = [part.error_sum for part in parts if part.error_sum is not None]
    peaks = [part.error_max for part in parts if part.error_max is not None]
    measured = len(sums) == len(parts)
    return LayerStatistics(
        mean_norm=sum(part.norm_sum for part in parts) / rows,
        min_norm=min(part.norm_min for part in parts),
        max_norm=max(part.norm_max for part in parts),
        mean_cosine=float(np.square(mean).sum()),
        mean_error=sum(sums) / rows if measured else None,
        max_error=max(peaks) if measured else None,
    )
