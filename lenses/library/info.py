"""What a library's folder holds, complete or not, without reading its vectors."""

from __future__ import annotations

from pathlib import Path

from harness.core.records import Record
from lenses.library.manifest import (
    MANIFEST,
    STAMP,
    LayerStatistics,
    LibraryKey,
    LibraryStamp,
    read_manifest,
    read_plan,
    read_stamp,
)
from lenses.library.parts import Parts


class LibraryInfo(Record):
    """A library in short."""

    path: str
    """Folder."""
    complete: bool
    """Whether every part is there and the manifest is written."""
    parts: int
    """Parts planned."""
    parts_done: int
    """Parts that have a manifest."""
    key: LibraryKey
    """Everything that decides the content."""
    packing: str | None
    """How phrases shared a forward pass; None if there was none."""
    lineage: tuple[str, ...]
    """Types the vectors were stored in before."""
    rows: int
    """Rows per layer."""
    phrases: int
    """Phrases with at least one row."""
    occurrences: int | None
    """Text tokens of the corpus, None where it is not known."""
    prefixes: int | None
    """Distinct prefixes among them, or None."""
    truncated_phrases: int | None
    """Phrases cut at the maximum length, or None."""
    hidden: int | None
    """Width of the vectors; None before the library is complete."""
    size: int
    """Bytes on disk."""
    statistics: dict[int, LayerStatistics]
    """By layer; empty before the library is complete."""
    stamp: LibraryStamp | None
    """Where, when and from what it was made; None before it is complete."""


def library_info(path: Path) -> LibraryInfo:
    """Return what the library in ``path`` holds.

    Raises:
        DataError: There is no library, or a record of it is unreadable.
    """
    plan = read_plan(path)
    manifest = read_manifest(path) if (path / MANIFEST).exists() else None
    return LibraryInfo(
        path=str(path),
        complete=manifest is not None,
        parts=len(plan.parts),
        parts_done=len(Parts(path, plan).present()),
        key=plan.key,
        packing=plan.packing,
        lineage=plan.lineage,
        rows=plan.rows,
        phrases=plan.phrases,
        occurrences=plan.occurrences,
        prefixes=plan.prefixes,
        truncated_phrases=plan.truncated_phrases,
        hidden=manifest.hidden if manifest else None,
        size=sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
        statistics=manifest.statistics if manifest else {},
        stamp=read_stamp(path) if (path / STAMP).exists() else None,
    )


def info_lines(info: LibraryInfo) -> list[str]:
    """Return the lines that tell a user about a library."""
    key = info.key
    state = "complete" if info.complete else f"{info.parts_done} of {info.parts} parts are done"
    known = [
        f"{count} {what}"
        for count, what in (
            (info.occurrences, "text tokens"),
            (info.prefixes, "distinct prefixes"),
            (info.truncated_phrases, "phrases cut"),
        )
        if count is not None
    ]
    lines = [
        f"{info.path}: {state}, {info.size / 1e6:.1f} MB, parts: {info.parts}",
        f"{info.rows} rows of {info.phrases} phrases at layers {', '.join(map(str, key.layers))}",
        f"policy {key.policy}, cap {key.cap}, seed {key.seed}, phrases {key.fraction:.4g}, "
        f"prefixes {key.sample:.4g}, at most {key.max_tokens} tokens",
        f"stored as {' -> '.join((*info.lineage, key.dtype))}, width {info.hidden or 'not known'}, "
        f"forward pass {key.precision} ({info.packing or 'none'})",
        f"model {key.model_hash[:12]}, tokenizer {key.tokenizer_hash[:12]}, "
        f"corpus {key.corpus_hash[:12]}",
    ]
    if known:
        lines.insert(2, "corpus: " + ", ".join(known))
    if info.stamp is not None:
        made = info.stamp
        lines.append(f"made {made.stamp.created_at} from {made.source.name}")
    for layer, found in info.statistics.items():
        error = "" if found.mean_error is None else f", rounding error {found.mean_error:.1e}"
        lines.append(
            f"layer {layer}: norm {found.mean_norm:.4g} ({found.min_norm:.4g} to "
            f"{found.max_norm:.4g}), mean cosine {found.mean_cosine:.3f}{error}"
        )
    return lines
