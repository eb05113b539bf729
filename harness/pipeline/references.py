"""Which reference libraries a run used, how they were searched, and how exact that was."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from harness.core.records import Record
from harness.pipeline.context import RunContext
from lenses.registry import library_share

_SAMPLE = 256


class LibraryUse(Record):
    """A reference library as a run used it."""

    fraction: float
    """Share of the run's corpus that it was built from."""
    path: str
    """Folder."""
    fingerprint: str
    """Hash of its key and files."""
    rows: int
    """Rows per layer."""
    layers: tuple[int, ...]
    """Contextual layers."""
    dtype: str
    """Stored type."""
    size: int
    """Bytes of its files."""
    engine: str
    """Search engine."""
    approximate: bool
    """Whether the engine may miss rows."""
    recall: float | None
    """Share of the exact answers that it finds, measured on states of this run; None if exact."""


class LibraryUses(Record):
    """All libraries of a run."""

    schema_version: int = 1
    """Version of this record's layout."""
    libraries: tuple[LibraryUse, ...]
    """Largest share of the corpus first."""


def library_uses(context: RunContext, states: torch.Tensor) -> LibraryUses:
    """Return the libraries of all lenses of the run.

    Args:
        context: The run.
        states: States of the sampled visual tokens [patches, layers, d].
    """
    return LibraryUses(libraries=tuple(_uses(context, states)))


def _uses(context: RunContext, states: torch.Tensor) -> Iterator[LibraryUse]:
    shares = {library_share(name) for name in context.spec.lenses} - {None}
    for share in sorted((share for share in shares if share is not None), reverse=True):
        library = context.library(share)
        search = context.search(library)
        recall = None
        if search.approximate:
            flat = states.flatten(0, 1).float()
            recall = search.recall(flat[:: max(1, len(flat) // _SAMPLE)], context.spec.k)
        yield LibraryUse(
            fraction=context.spec.fraction * share,
            path=str(library.path),
            fingerprint=library.fingerprint(),
            rows=len(library),
            layers=library.layers,
            dtype=library.key.dtype,
            size=sum(record.size for record in library.manifest.files.values()),
            engine=context.spec.engine,
            approximate=search.approximate,
            recall=recall,
        )
