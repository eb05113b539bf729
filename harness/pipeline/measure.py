"""Stage 4: drift, norms and anisotropy of the states; neither the model nor words are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from harness.core.errors import DataError
from harness.core.files import write_json_atomic
from harness.core.ids import digest
from harness.core.measures import SCHEMA_VERSION, Measures
from harness.pipeline.capture import MANIFEST
from harness.pipeline.context import RunContext
from harness.pipeline.measuring.library import compare_with_library
from harness.pipeline.measuring.rows import draw_rows, text_drift, text_norms, text_rows
from harness.pipeline.measuring.tokens import (
    VisualTokens,
    read_tokens,
    visual_drift,
    visual_norms,
)
from harness.pipeline.references import LibraryUses
from lenses.library.store import Library
from lenses.registry import library_share

TOKENS: Final = 256
"""Most visual tokens per layer that are compared with the library, drawn by the run's seed."""

ROWS: Final = 32_768
"""Most rows per contextual layer that they are compared with, drawn by the run's seed."""


def inputs(context: RunContext) -> dict[str, str]:
    """Return what decides the measurements: states, readout, libraries and the spec."""
    run = context.run
    files = run.digests(run.states / MANIFEST, run.readout, run.libraries)
    return files | {"spec": digest(context.spec), "measures": str(SCHEMA_VERSION)}


def run(context: RunContext) -> None:
    """Write the measurements.

    Without a lens that reads a reference library, those of text are left empty.

    Raises:
        DataError: States, readout or library cannot be read.
    """
    tokens = read_tokens(context.run.states, TOKENS, context.spec.seed)
    library = _library(context)
    measures = Measures(
        layers=tokens.layers,
        visual_drift=visual_drift(tokens),
        text_drift=(),
        visual_norms=visual_norms(tokens),
        text_norms=(),
        tokens=len(tokens.norms),
    )
    if library is not None and len(library):
        measures = _with_library(context, measures, tokens, library)
    write_json_atomic(context.run.measures, measures, readable=True)


def _with_library(
    context: RunContext, measures: Measures, tokens: VisualTokens, library: Library
) -> Measures:
    seed = context.spec.seed
    rows = draw_rows(library, ROWS, seed)
    text = text_rows(rows, seed)
    cosines, leap, rogue = compare_with_library(tokens.layers, tokens.states, rows, context.spec.k)
    return measures.model_copy(
        update={
            "text_drift": text_drift(text, context.run.readout),
            "text_norms": text_norms(text),
            "library": tuple(cosines),
            "leap": tuple(leap),
            "rogue": tuple(rogue),
            "rows": len(text),
        }
    )


def _library(context: RunContext) -> Library | None:
    """Return the largest library that the lenses of the run read; None if they read none.

    It is opened where it was when words were described, or beside the run if that was moved, so
    that no model is needed; only if it is gone it is made again.
    """
    path = context.run.libraries
    try:
        uses = LibraryUses.model_validate_json(path.read_bytes()).libraries
    except (OSError, ValidationError) as error:
        raise DataError(f"cannot read {path}: {error}; run the stage describe again") from error
    if not uses:
        return None
    recorded = Path(uses[0].path)
    for folder in (recorded, context.libraries / recorded.name):
        library = _opened(folder, uses[0].fingerprint)
        if library is not None:
            return library
    shares = [library_share(name) for name in context.spec.lenses]
    return context.library(max(share for share in shares if share is not None))


def _opened(folder: Path, fingerprint: str) -> Library | None:
    try:
        library = Library.open(folder)
    except DataError:
        return None
    return library if library.fingerprint() == fingerprint else None
